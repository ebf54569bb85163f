"""Folders of small wheels, and the 54 wheels of a platform engineer's notes with their index entries."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from raydock.model.matrix import Matrix
from raydock.wheelhouse.analysis import Analysis, analyze_folder
from tests.support.recorded import Recorded, fill, load
from tests.support.wheels import wheel

DATA = Path(__file__).parent / "data" / "field-notes.json"
PARTIAL = "nvidia_cusparse_cu12-12.5.10.65-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl.current"

MakeFolder = Callable[..., Analysis]


@pytest.fixture(scope="session")
def recorded() -> Mapping[str, tuple[Recorded, ...]]:
    """`folder`: the 54 wheels; `index`: the other wheels of the correct set."""
    return load(DATA)


@pytest.fixture
def notes(tmp_path: Path, recorded: Mapping[str, tuple[Recorded, ...]]) -> Path:
    """The folder of the notes: 54 wheels and a partial download."""
    folder = fill(tmp_path / "notes", recorded["folder"])
    (folder / PARTIAL).write_bytes(b"PK\3\4" + bytes(1000))
    return folder


@pytest.fixture
def make_folder(tmp_path: Path, matrix: Matrix) -> MakeFolder:
    """Makes and analyzes a folder of small wheels, given as project-version-tags with requirements."""

    def make(wheels: Mapping[str, tuple[str, ...]], python: str = "3.11", requires_python: str = ">=3.8") -> Analysis:
        folder = tmp_path / "wheels"
        folder.mkdir()
        for name, requires in wheels.items():
            project, version, tags = name.split("-", 2)
            body = wheel(project, version, requires, python=requires_python)
            (folder / f"{project}-{version}-{tags}.whl").write_bytes(body)
        return analyze_folder(folder, matrix, python)

    return make
