"""docs/reference/cli.md agrees with the commands; `python -m tools.cli_reference` writes it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from raydock.__main__ import COMMANDS, cli
from tools import cli_reference


def test_the_committed_page_is_up_to_date() -> None:
    done = CliRunner().invoke(cli_reference.main, ["--check"])
    assert done.exit_code == 0, done.output


def test_check_fails_if_the_page_is_out_of_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "cli.md"
    page.write_text(cli_reference.page().replace("--explain", "--describe"))
    monkeypatch.setattr(cli_reference, "PAGE", page)
    done = CliRunner().invoke(cli_reference.main, ["--check"])
    assert (done.exit_code, "tools.cli_reference" in done.output) == (1, True)
    assert CliRunner().invoke(cli_reference.main).exit_code == 0
    assert CliRunner().invoke(cli_reference.main, ["--check"]).exit_code == 0


def test_every_command_has_its_options_and_an_example() -> None:
    sections = {text.partition("\n")[0]: text for text in cli_reference.page().split("\n## ")[1:]}
    assert {name.split()[0] for name in sections} == set(COMMANDS)
    for name, command in cli_reference.commands(cli):
        section = sections[name]
        assert f"Example:\n\n```\n./build.py {name}" in section
        assert all(option in section for parameter in command.params for option in parameter.opts if "-" in option)


def test_markup_in_help_text_is_escaped() -> None:
    assert cli_reference._escaped("3.1* or `a|b` [default: x|y]") == r"3.1\* or `a|b` \[default: x\|y\]"
