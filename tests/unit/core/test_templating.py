"""The jinja2 environment, and templates from several folders."""

from pathlib import Path

import jinja2
import pytest

from raydock.core.templating import Templates, environment


def render(folder: Path, template: str, variable: tuple[str, str] = ("{{", "}}"), **values: object) -> str:
    (folder / "a.j2").write_text(template, encoding="utf-8")
    return environment(folder, variable=variable).get_template("a.j2").render(**values)


def test_a_block_leaves_no_line_and_the_last_newline_is_kept(tmp_path: Path) -> None:
    assert render(tmp_path, "a\n  {% if true %}\n  b & <c>\n  {% endif %}\n") == "a\n  b & <c>\n"


def test_a_value_is_quoted_for_a_shell(tmp_path: Path) -> None:
    assert render(tmp_path, "{{ value | quote }}", value="it's here") == """'it'"'"'s here'"""


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(jinja2.UndefinedError, match="'value' is undefined"):
        render(tmp_path, "{{ value }}")


def test_the_delimiters_can_be_changed(tmp_path: Path) -> None:
    assert render(tmp_path, "${{ a }} @{ b }@", ("@{", "}@"), b="B") == "${{ a }} B"


def test_each_file_comes_from_the_first_folder_that_has_it(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for path, text in {
        own / "installer" / "run": "own run",
        own / "main.j2": "own, {% include 'part.j2' %}",
        shipped / "installer" / "run": "run",
        shipped / "installer" / "unpack": "unpack",
        shipped / "installer" / "__pycache__" / "run.pyc": "",
        shipped / "main.j2": "main",
        shipped / "part.j2": "part",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    templates = Templates((own, shipped))
    files = {name: path.read_text() for name, path in templates.files("installer").items()}
    assert files == {"run": "own run", "unpack": "unpack"}
    assert templates.environment().get_template("main.j2").render() == "own, part"
    assert [templates.path(name).parent for name in ("main.j2", "part.j2", "none")] == [own, shipped, shipped]
