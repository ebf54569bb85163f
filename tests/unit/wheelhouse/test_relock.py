import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from raydock.core.errors import OutOfReachError, VariantError
from raydock.model.lock import parse
from raydock.model.matrix import Matrix
from raydock.wheelhouse import relock
from raydock.wheelhouse.analysis import Analysis, analyze_folder
from raydock.wheelhouse.check import findings
from raydock.wheelhouse.relock import FolderLock
from tests.support.index import Site, serving
from tests.support.wheels import wheel

DAYS = {"2": "2025-01-01", "3": "2026-01-01", "4": "2026-11-20"}


@pytest.fixture
def site(own_caches: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An index with app 1, which requires lib, and versions of lib from different days."""
    site = Site()
    site.publish("app", "1", ["lib>=1"])
    for version, day in DAYS.items():
        site.publish("lib", version)
        site.pages["lib"][-1]["upload-time"] = f"{day}T10:00:00Z"
    site.pages["app"][0]["upload-time"] = "2025-06-01T10:00:00Z"
    with serving(site) as address:
        monkeypatch.setenv("UV_DEFAULT_INDEX", address)
        yield site


@pytest.fixture
def folder(tmp_path: Path, site: Site) -> Path:
    """A folder with that app from the index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    take(site, folder, "app-1-py3-none-any.whl")
    return folder


def take(site: Site, folder: Path, name: str) -> None:
    (folder / name).write_bytes(site.files[name])


def locked(folder: Path, matrix: Matrix, cutoff: date | None = None) -> tuple[Analysis, FolderLock]:
    analysis = analyze_folder(folder, matrix, "3.11")
    return analysis, relock.lock(analysis, findings(analysis), os.environ, cutoff)


@pytest.mark.parametrize(
    ("cutoff", "version"), [(None, "2"), (date(2026, 1, 1), "3"), (date(2025, 12, 31), "2"), (date(2026, 11, 20), "4")]
)
def test_a_missing_package_gets_the_newest_version_of_the_folders_day(
    folder: Path, matrix: Matrix, cutoff: date | None, version: str
) -> None:
    _, lock = locked(folder, matrix, cutoff)
    assert lock.cutoff == (cutoff or date(2025, 6, 1))
    assert [(fetch.project, fetch.versions) for fetch in lock.advice.fetch] == [("lib", f"=={version}")]
    assert lock.advice.drop == {}


def test_a_good_wheel_is_kept(folder: Path, matrix: Matrix, site: Site) -> None:
    take(site, folder, "lib-2-py3-none-any.whl")
    _, lock = locked(folder, matrix, date(2026, 11, 20))
    assert (lock.advice.drop, lock.advice.fetch) == ({}, ())
    pins = parse(lock.text).pins
    assert {name: pin.version for name, pin in pins.items()} == {"app": "1", "lib": "2"}
    assert pins["lib"].via == ("app",)
    assert all("--hash=sha256:" in pin.text for pin in pins.values())
    assert parse(lock.text).header["python"] == "3.11"


def test_a_wheel_that_differs_from_the_index_is_replaced(folder: Path, matrix: Matrix, site: Site) -> None:
    other = Site()
    other.publish("lib", "2", files={"lib/tampered.py": b"x = 1\n"})
    take(other, folder, "lib-2-py3-none-any.whl")
    analysis, lock = locked(folder, matrix)
    assert findings(analysis) == ()
    assert [(name, "content differs" in why) for name, why in lock.advice.drop.items()] == [
        ("lib-2-py3-none-any.whl", True)
    ]
    assert [fetch.filename for fetch in lock.advice.fetch] == ["lib-2-py3-none-any.whl"]


def test_a_damaged_root_is_fetched_again(folder: Path, matrix: Matrix) -> None:
    app = folder / "app-1-py3-none-any.whl"
    app.write_bytes(app.read_bytes()[:100])
    _, lock = locked(folder, matrix, date(2026, 1, 1))
    assert [(fetch.project, fetch.versions) for fetch in lock.advice.fetch] == [("app", "==1"), ("lib", "==3")]
    assert list(lock.advice.drop) == [app.name]


def test_the_error_says_why_there_is_no_lock(folder: Path, matrix: Matrix) -> None:
    with pytest.raises(VariantError, match="app==1 was published after") as caught:
        locked(folder, matrix, date(2024, 1, 1))
    assert "matrix.yaml" not in caught.value.todo


def test_a_build_that_the_index_lacks_is_not_replaced(folder: Path, matrix: Matrix) -> None:
    (folder / "lib-2+cu118-py3-none-any.whl").write_bytes(wheel("lib", "2+cu118"))
    with pytest.raises(VariantError, match=r"lib 2\+cu118 is a build that the package index does not have") as caught:
        locked(folder, matrix, date(2026, 11, 20))
    assert "indexes: {cu118: ADDRESS}" in caught.value.todo


def test_an_unreachable_index(folder: Path, matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    with pytest.raises(OutOfReachError):
        locked(folder, matrix)
