import json
from pathlib import Path

import pytest

from raydock.errors import ConfigurationError
from raydock.model.facts import Facts, Release, Wheel, dump, load

RELEASE = Release(
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


def test_cut_short_names_the_line(tmp_path: Path) -> None:
    text = dump(FACTS)[:-40]
    path = damaged(tmp_path, text)
    with pytest.raises(ConfigurationError, match="not readable as JSON") as caught:
        load(path)
    place = int(caught.value.what.removeprefix(f"{path}:").split(":")[0])
    assert abs(place - len(text.splitlines())) <= 1
    assert "./build.py facts" in caught.value.todo


@pytest.mark.parametrize("document", [{"schema": 2, "releases": []}, {"releases": []}, [], 7])
def test_another_schema(tmp_path: Path, document: object) -> None:
    with pytest.raises(ConfigurationError, match=r"schema .* is not 1"):
        load(damaged(tmp_path, json.dumps(document)))


@pytest.mark.parametrize(
    "release", [{}, [], {"project": "ray"}, {**json.loads(dump(FACTS))["releases"][0], "colour": "red"}]
)
def test_a_release_that_is_none(tmp_path: Path, release: object) -> None:
    with pytest.raises(ConfigurationError, match="a release is not as it should be"):
        load(damaged(tmp_path, json.dumps({"schema": 1, "releases": [release]})))


def test_a_requirement_that_is_none_names_the_release() -> None:
    release = Release(**{**vars(RELEASE), "requires_dist": ("click>=",)})
    with pytest.raises(ConfigurationError, match=r"ray 2\.60\.0: 'click>='"):
        _ = release.requirements


def test_bounds_that_are_none_name_the_release() -> None:
    release = Release(**{**vars(RELEASE), "requires_python": "three"})
    with pytest.raises(ConfigurationError, match=r"ray 2\.60\.0: 'three'"):
        _ = release.pythons


def test_a_wheel_name_that_is_none_says_so() -> None:
    with pytest.raises(ConfigurationError, match=r"'ray\.whl'"):
        _ = Wheel(filename="ray.whl", size=1, sha256="").tags
