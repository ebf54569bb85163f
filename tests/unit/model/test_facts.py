import json
from dataclasses import replace
from pathlib import Path

import pytest

from raydock.core.errors import ConfigurationError
from raydock.model.facts import Facts, ProjectRelease, Wheel, dump, load

RELEASE = ProjectRelease(
    project="ray",
    version="2.60.0",
    requires_python=">=3.10",
    requires_dist=("click>=7.0", 'numpy>=1.20; extra == "data"'),
    wheels=(Wheel(filename="ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl", size=79, sha256="0" * 64),),
    uploaded="2026-11-04",
    source="package index",
    read="2026-11-22",
)
FACTS = Facts({("ray", "2.60.0"): RELEASE})


def damaged(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "facts.json"
    path.write_text(text)
    return path


def test_written_and_read(tmp_path: Path) -> None:
    assert load(damaged(tmp_path, dump(FACTS))) == FACTS
    assert str(FACTS.get("ray", "2.60.0")) == "ray 2.60.0"
    assert FACTS.get("ray", "2.61.0") is None


def test_the_committed_file_is_as_dump_writes_it() -> None:
    path = Path(__file__).parents[3] / "lockfiles" / "facts.json"
    assert dump(load(path)) == path.read_text()


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist") as caught:
        load(tmp_path / "facts.json")
    assert "./build.py facts" in caught.value.todo


def test_a_truncated_file_is_refused_with_its_line(tmp_path: Path) -> None:
    text = dump(FACTS)[:-40]
    path = damaged(tmp_path, text)
    with pytest.raises(ConfigurationError, match="not readable as JSON") as caught:
        load(path)
    place = int(caught.value.what.removeprefix(f"{path}:").split(":")[0])
    assert place == len(text.splitlines())
    assert "./build.py facts" in caught.value.todo


@pytest.mark.parametrize("document", [{"schema": 1, "releases": []}, {"releases": []}, [], 7])
def test_a_different_schema(tmp_path: Path, document: object) -> None:
    with pytest.raises(ConfigurationError, match=r"facts\.json:1: its schema is .* reads 2") as caught:
        load(damaged(tmp_path, json.dumps(document)))
    assert caught.value.todo == "restore the file from git, or run `./build.py facts` to read the package index again."


def test_a_newer_schema(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="newer raydock") as caught:
        load(damaged(tmp_path, '{"schema": 3, "releases": []}'))
    assert "update raydock" in caught.value.todo


def test_no_releases(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no list of releases"):
        load(damaged(tmp_path, '{"schema": 2}'))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"version": "2.60.0"', '"version": "new"'),
        ('"version"', '"verzion"'),
        ('"requires_python"', '"requires_phyton"'),
        ('"size": 79', '"weight": 79'),
        ('"requires_dist": [', '"requires_dist": "click>=7", "more": ['),
        ('"click>=7.0"', "7"),
        ('"wheels": [', '"wheels": null, "more": ['),
    ],
)
def test_an_invalid_release_is_named_with_its_line(tmp_path: Path, old: str, new: str) -> None:
    first = replace(RELEASE, version="2.59.0", requires_dist=(), wheels=())
    good = dump(Facts({("ray", "2.59.0"): first, **FACTS.releases}))
    start = good.splitlines().index(next(line for line in good.splitlines() if '"2.60.0"' in line))
    lines = good.splitlines(keepends=True)
    path = damaged(tmp_path, "".join(lines[:start]) + "".join(lines[start:]).replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=rf"facts\.json:{start + 1}: a release is invalid"):
        _ = load(path).releases["ray", "2.60.0"]


def test_versions_are_sorted_by_version() -> None:
    versions = ("2.9.0", "2.10.0", "2.60.0")
    held = (*reversed(versions), "2.60.0+local")
    facts = Facts({("ray", version): replace(RELEASE, version=version) for version in held})
    assert facts.versions == {"ray": versions, "torch": (), "vllm": ()}


def test_an_invalid_requirement_is_named_with_its_release() -> None:
    release = ProjectRelease(**{**vars(RELEASE), "requires_dist": ("click>=",)})
    with pytest.raises(ConfigurationError, match=r"ray 2\.60\.0: 'click>='"):
        list(release.requirements_on("click"))
    assert list(release.requirements_on("numpy")) == []


def test_an_invalid_requires_python_is_named_with_its_release() -> None:
    release = ProjectRelease(**{**vars(RELEASE), "requires_python": "three"})
    with pytest.raises(ConfigurationError, match=r"ray 2\.60\.0: 'three'"):
        _ = release.pythons


def test_an_invalid_wheel_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'ray\.whl'"):
        _ = Wheel(filename="ray.whl", size=1, sha256="").tags
