"""The jinja2 environment."""

from pathlib import Path

import jinja2
import pytest

from raydock.core.templating import environment


def render(folder: Path, template: str, variable: tuple[str, str] = ("{{", "}}"), **values: object) -> str:
    (folder / "a.j2").write_text(template, encoding="utf-8")
    return environment(folder, variable).get_template("a.j2").render(**values)


def test_a_block_leaves_no_line_and_the_last_newline_is_kept(tmp_path: Path) -> None:
    assert render(tmp_path, "a\n  {% if true %}\n  b & <c>\n  {% endif %}\n") == "a\n  b & <c>\n"


def test_a_value_is_quoted_for_a_shell(tmp_path: Path) -> None:
    assert render(tmp_path, "{{ value | quote }}", value="it's here") == """'it'"'"'s here'"""


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(jinja2.UndefinedError, match="'value' is undefined"):
        render(tmp_path, "{{ value }}")


def test_the_delimiters_can_be_changed(tmp_path: Path) -> None:
    assert render(tmp_path, "${{ a }} @{ b }@", ("@{", "}@"), b="B") == "${{ a }} B"
