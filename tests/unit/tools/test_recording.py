"""Recordings of a terminal: real commands on a real terminal, and the picture of what they show."""

import re
import time
from xml.etree import ElementTree

import click
import pytest

from tools import recording

COMMAND = r"printf '\033[1mbold\033[0m & \033[31mred\033[0m\n'; sleep 0.4; tput cols; printf 'gone\rlast\n'"


def test_what_a_terminal_shows_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "TYPING", 0.1)
    began = time.monotonic()
    frames = recording.record([COMMAND], columns=110, lines=6)
    assert 0.4 < frames[-1][0] <= time.monotonic() - began
    assert [seconds for seconds, _ in frames] == sorted(seconds for seconds, _ in frames)
    [typed, *_], [_, styled, columns, last, *_] = frames[0][1], frames[-1][1]
    assert typed[0].text.startswith("$ printf")
    assert [(run.column, run.text, run.bold) for run in styled] == [
        (0, "bold", True),
        (5, "&", False),
        (7, "red", False),
    ]
    assert len({run.color for run in styled}) == 2
    assert (columns[0].text, last[0].text) == ("110", "last")


def test_a_command_that_fails_ends_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "TYPING", 0.0)
    with pytest.raises(click.ClickException, match="`exit 3` ended with exit status 3"):
        recording.record(["exit 3"])


def test_the_committed_picture_is_of_these_commands_and_lasts_20_seconds() -> None:
    text = recording.PICTURE.read_text(encoding="utf-8")
    tree = ElementTree.fromstring(text)
    shown = {element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {f"$ {command}" for command in recording.COMMANDS} <= shown
    assert any(line and line.startswith("2 built") for line in shown)
    [seconds] = {float(found) for found in re.findall(r'dur="([0-9.]+)s"', text)}
    assert 15 < seconds <= recording.SECONDS
