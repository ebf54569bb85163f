"""Go's and Python's parsers read the values that were written."""

from pathlib import Path

import pytest
import yaml

from raydock.deploy.kuberay.yamltext import to_yaml
from tests.unit.deploy.kuberay.conftest import Made

TRICKY = [
    *[
        "y",
        "N",
        "on",
        "No",
        "null",
        "~",
        "1e3",
        "0x1F",
        "0o17",
        "1_000",
        "12:30:45",
        ".inf",
        "2026-11-25",
        "1.0",
        "-",
        "?",
    ],
    *[
        "a: b",
        "a #b",
        "- a",
        "{{ x }}",
        "&a *a",
        "!!python/object:os.system",
        "'",
        '"',
        "%",
        "@a",
        "`a`",
        "",
        " a ",
        "é",
    ],
    *[
        "a\nb\n",
        "a\n\n---\nkind: Pod\n",
        "  indented\nless\n",
        "tab\there\n",
        "\u2028\n",
        "trailing \n",
        "\r\n",
        "...\n",
    ],
]


@pytest.mark.parametrize("text", TRICKY)
def test_any_text_is_read_unchanged(text: str) -> None:
    resource = {"kind": "ConfigMap", "data": {"key": text, "list": [text]}, text or "empty": "value"}
    written = to_yaml([resource, resource])
    assert list(yaml.safe_load_all(written)) == [resource, resource]


def test_texts_that_go_reads_as_numbers_or_booleans_are_quoted() -> None:
    assert to_yaml([{"y": "1e3", "plain": "nvidia.com/gpu"}]) == '"y": "1e3"\nplain: nvidia.com/gpu\n'


def test_equal_values_are_written_twice_and_code_as_a_block() -> None:
    part = {"a": "print(1)\n"}
    assert to_yaml([{"one": part, "two": part}]) == "one:\n  a: |\n    print(1)\ntwo:\n  a: |\n    print(1)\n"


def test_templates_change_no_text(made: Made, tmp_path: Path) -> None:
    texts = {f"{number}.py": text for number, text in enumerate([*TRICKY, "\U0001f600", "\x00\x7f\x85\ufeff"])}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    code, _ = made(code=tmp_path)
    assert code["data"] == texts
