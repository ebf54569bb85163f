"""The JSON schemas for editors: as the models are, and right about the files that raydock reads."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tools import schemas
from tools.schemas import FOLDER, MODELS, ROOT, schema


class Yaml12(yaml.SafeLoader):
    """YAML as editors read it: a date is text."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def errors(name: str, text: str) -> list[str]:
    """What the schema of a file says of a text."""
    validator = Draft202012Validator(json.loads(schema(name)))
    return [error.message for error in validator.iter_errors(yaml.load(text, Yaml12))]


def blocks(page: str, *keys: str) -> list[str]:
    """The YAML blocks of a page of docs/ that begin with one of these keys."""
    found = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    return [block for block in found if block.startswith(keys)]


@pytest.mark.parametrize("name", MODELS)
def test_the_committed_schema_is_what_the_models_say(name: str) -> None:
    assert (FOLDER / f"{name}.schema.json").read_text() == schema(name), "run .venv/bin/python -m tools.schemas"


@pytest.mark.parametrize("name", MODELS)
def test_it_is_a_schema_with_a_description_of_each_key(name: str) -> None:
    document = json.loads(schema(name))
    Draft202012Validator.check_schema(document)
    for definition in document["$defs"].values():
        assert definition["description"]
        assert definition["additionalProperties"] is False
        assert all(form["description"] for form in definition["properties"].values())


@pytest.mark.parametrize("name", ["matrix", "scan"])
def test_the_files_of_the_checkout_are_valid_and_name_their_schema(name: str) -> None:
    text = (ROOT / f"{name}.yaml").read_text()
    assert errors(name, text) == []
    first = text.splitlines()[0]
    assert first == f"# yaml-language-server: $schema=docs/reference/{name}.schema.json"
    assert (ROOT / first.partition("=")[2]).is_file()


def test_the_examples_of_the_documentation_are_valid() -> None:
    matrix = (ROOT / "matrix.yaml").read_text()
    found = {page: blocks(page, *keys) for page, keys in EXAMPLES.items()}
    assert all(found.values())
    for block in found.pop("how-to/gpu-hosts.md"):
        assert errors("hosts", block) == []
    for block in found.pop("reference/scan-policy.md"):
        assert errors("scan", block) == []
    for of_matrix in found.values():
        for block in of_matrix:
            whole: dict[str, Any] = yaml.load(matrix, Yaml12) | yaml.load(block, Yaml12)
            assert errors("matrix", yaml.safe_dump(whole)) == []


EXAMPLES = {
    "how-to/gpu-hosts.md": ("hosts:",),
    "reference/scan-policy.md": ("vulnerabilities:",),
    "how-to/debian-mirrors.md": ("bases:",),
    "how-to/os-packages.md": ("groups:", "debs:"),
    "how-to/packages.md": ("groups:",),
    "how-to/restricted-networks.md": ("indexes:",),
}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("registry:", "registri:", "'registri' was unexpected"),
        ("cutoff: 2026-11-15\n", "", "'cutoff' is a required property"),
        ("source: bootstrap", "source: bootstrp", "'bootstrp' is not one of"),
        ("localhost:5000/raydock", "localhost", "does not match"),
        ('"3.11": bookworm', '"3": bookworm', "'3' does not match"),
        ("groups:\n", "gpus: [{torch: '2.9.1', cuda: '12.6', sm: [A100]}]\ngroups:\n", "'A100' does not match"),
        ("always:", "kuberay: maybe\n  always:", "'maybe' is not of type 'boolean'"),
        ("exclude: []", "exclude: [{python: '3.11'}]", "'reason' is a required property"),
    ],
)
def test_what_raydock_refuses_is_marked(old: str, new: str, message: str) -> None:
    text = (ROOT / "matrix.yaml").read_text()
    assert old in text
    found = errors("matrix", text.replace(old, new, 1))
    assert any(message in error for error in found), found


def test_what_raydock_accepts_is_not_marked() -> None:
    text = (ROOT / "matrix.yaml").read_text()
    gpus = "gpus: [{torch: '2.9.1', cuda: '12.6', sm: [50, 8.0, '90']}]\ngroups:\n"
    assert errors("matrix", text.replace("groups:\n", gpus, 1)) == []


def test_a_schema_that_is_out_of_date_is_named_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "FOLDER", tmp_path)
    (tmp_path / "scan.schema.json").write_text("{}")
    monkeypatch.setattr(sys, "argv", ["schemas.py", "--check"])
    with pytest.raises(SystemExit) as stale:
        schemas.main()
    path, todo = tmp_path / "scan.schema.json", "Next: .venv/bin/python -m tools.schemas"
    assert f"{path} is out of date.\n{todo}" in str(stale.value)
    monkeypatch.setattr(sys, "argv", ["schemas.py"])
    schemas.main()
    monkeypatch.setattr(sys, "argv", ["schemas.py", "--check"])
    with pytest.raises(SystemExit) as fresh:
        schemas.main()
    assert fresh.value.code == 0
