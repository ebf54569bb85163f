"""Folders of small wheels, and the 54 of a platform engineer's notes with what the index says of each."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from raydock.model.matrix import Matrix
from raydock.wheelhouse.analysis import Analysis, survey
from tests.support.recorded import Recorded, fill, load
from tests.support.wheels import wheel

DATA = Path(__file__).parent / "data" / "field-notes.json"
PARTIAL = "nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl.current"

Shelve = Callable[..., Analysis]


@pytest.fixture(scope="session")
def recorded() -> Mapping[str, tuple[Recorded, ...]]:
    """`folder`: the 54 wheels; `index`: what else their right set needs."""
    return load(DATA)


@pytest.fixture
def notes(tmp_path: Path, recorded: Mapping[str, tuple[Recorded, ...]]) -> Path:
    """The folder of the notes: 54 wheels and a partial download."""
    folder = fill(tmp_path / "notes", recorded["folder"])
    (folder / PARTIAL).write_bytes(b"PK\3\4" + bytes(1000))
    return folder


@pytest.fixture
def shelve(tmp_path: Path, matrix: Matrix) -> Shelve:
    """Makes a folder of small wheels, by project-version-tags and their requirements, and surveys it."""

    def make(wheels: Mapping[str, tuple[str, ...]], python: str = "3.11", requires_python: str = ">=3.8") -> Analysis:
        folder = tmp_path / "wheels"
        folder.mkdir()
        for name, requires in wheels.items():
            project, version, tags = name.split("-", 2)
            body = wheel(project, version, requires, python=requires_python)
            (folder / f"{project}-{version}-{tags}.whl").write_bytes(body)
        return survey(folder, matrix, python)

    return make
