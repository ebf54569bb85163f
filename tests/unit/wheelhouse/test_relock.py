import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from raydock.core.errors import OutOfReachError, VariantError
from raydock.model.lock import parse
from raydock.model.matrix import Matrix
from raydock.wheelhouse import relock
from raydock.wheelhouse.analysis import Analysis, survey
from raydock.wheelhouse.check import findings
from raydock.wheelhouse.relock import Locked
from tests.support.index import Site, serving
from tests.support.wheels import wheel

DAYS = {"2": "2025-01-01", "3": "2026-01-01", "4": "2026-11-20"}


@pytest.fixture
def site(own_caches: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An index with app 1, which needs lib, and some libs, each of a day of its own."""
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
    """A folder with that app, as the index has it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    take(site, folder, "app-1-py3-none-any.whl")
    return folder


def take(site: Site, folder: Path, name: str) -> None:
    (folder / name).write_bytes(site.files[name])


def locked(folder: Path, matrix: Matrix, cutoff: date | None = None) -> tuple[Analysis, Locked]:
    analysis = survey(folder, matrix, "3.11")
    return analysis, relock.lock(analysis, findings(analysis), os.environ, cutoff)


@pytest.mark.parametrize(
    ("cutoff", "version"), [(None, "2"), (date(2026, 1, 1), "3"), (date(2025, 12, 31), "2"), (date(2026, 11, 20), "4")]
)
def test_what_is_missing_is_the_newest_of_the_folders_day(
    folder: Path, matrix: Matrix, cutoff: date | None, version: str
) -> None:
    _, found = locked(folder, matrix, cutoff)
    assert found.cutoff == (cutoff or date(2025, 6, 1))
    assert [(item.project, item.versions) for item in found.advice.fetch] == [("lib", f"=={version}")]
    assert found.advice.drop == ()


def test_a_good_wheel_is_kept(folder: Path, matrix: Matrix, site: Site) -> None:
    take(site, folder, "lib-2-py3-none-any.whl")
    _, found = locked(folder, matrix, date(2026, 11, 20))
    assert (found.advice.drop, found.advice.fetch) == ((), ())
    pins = parse(found.text).pins
    assert {name: pin.version for name, pin in pins.items()} == {"app": "1", "lib": "2"}
    assert pins["lib"].via == ("app",)
    assert all("--hash=sha256:" in pin.text for pin in pins.values())
    assert parse(found.text).header["python"] == "3.11"


def test_a_wheel_with_other_bytes_than_the_index_has_is_replaced(folder: Path, matrix: Matrix, site: Site) -> None:
    other = Site()
    other.publish("lib", "2", files={"lib/tampered.py": b"x = 1\n"})
    take(other, folder, "lib-2-py3-none-any.whl")
    analysis, found = locked(folder, matrix)
    assert findings(analysis) == ()
    assert [(item.filename, "other bytes" in item.why) for item in found.advice.drop] == [
        ("lib-2-py3-none-any.whl", True)
    ]
    assert [item.filename for item in found.advice.fetch] == ["lib-2-py3-none-any.whl"]


def test_what_the_folder_is_for_is_fetched_again_where_it_is_damaged(folder: Path, matrix: Matrix) -> None:
    whole = folder / "app-1-py3-none-any.whl"
    whole.write_bytes(whole.read_bytes()[:100])
    _, found = locked(folder, matrix, date(2026, 1, 1))
    assert [(item.project, item.versions) for item in found.advice.fetch] == [("app", "==1"), ("lib", "==3")]
    assert [item.filename for item in found.advice.drop] == [whole.name]


def test_why_there_is_no_lock(folder: Path, matrix: Matrix) -> None:
    with pytest.raises(VariantError, match="app==1 was published after") as caught:
        locked(folder, matrix, date(2024, 1, 1))
    assert "matrix.yaml" not in caught.value.todo


def test_a_build_that_the_index_lacks_is_not_replaced_by_another(folder: Path, matrix: Matrix) -> None:
    (folder / "lib-2+cu118-py3-none-any.whl").write_bytes(wheel("lib", "2+cu118"))
    with pytest.raises(VariantError, match=r"lib 2\+cu118 is a build that the package index does not have") as caught:
        locked(folder, matrix, date(2026, 11, 20))
    assert "indexes: {cu118: ADDRESS}" in caught.value.todo


def test_an_index_out_of_reach(folder: Path, matrix: Matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple/")
    with pytest.raises(OutOfReachError):
        locked(folder, matrix)
