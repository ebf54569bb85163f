"""YAML text: what goes in comes out, with parsers of either kind."""

import pytest
import yaml

from raydock.deploy.kuberay.yamltext import documents

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
def test_a_text_never_breaks_out_nor_changes(text: str) -> None:
    resource = {"kind": "ConfigMap", "data": {"key": text, "list": [text]}, text or "empty": "value"}
    written = documents([resource, resource])
    assert list(yaml.safe_load_all(written)) == [resource, resource]


def test_what_gos_yaml_takes_for_numbers_and_booleans_is_quoted() -> None:
    assert documents([{"y": "1e3", "plain": "nvidia.com/gpu"}]) == '"y": "1e3"\nplain: nvidia.com/gpu\n'


def test_equal_parts_are_written_twice_and_code_as_a_block() -> None:
    part = {"a": "print(1)\n"}
    assert documents([{"one": part, "two": part}]) == "one:\n  a: |\n    print(1)\ntwo:\n  a: |\n    print(1)\n"
