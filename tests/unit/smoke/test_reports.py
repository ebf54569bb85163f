"""The output of failed checks, copied out of a container with any content."""

import io
import tarfile
from pathlib import Path
from typing import Any

import docker
import pytest

from raydock.model.report import Check, Status
from raydock.smoke import reports

FAILED = Check(
    id="gpu-vllm", status=Status.FAILED, detail="no; its output: /tmp/raydock-output/gpu-vllm-x", seconds=1.0
)
PASSED = Check(id="ray", status=Status.PASSED, detail="fine", seconds=1.0)


def packed(*members: tarfile.TarInfo) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size) if member.isfile() else None)
    return file.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o600) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, link, mode
    entry.size = 3 if kind == tarfile.REGTYPE else 0
    return entry


class FakeContainer:
    """A container's archive of its output folder; None for a container without one."""

    def __init__(self, data: bytes | None) -> None:
        self.data = data

    def get_archive(self, path: str) -> Any:
        assert path == "/tmp/raydock-output"
        if self.data is None:
            raise docker.errors.NotFound("no such path")
        return iter([self.data]), {}


def save(data: bytes | None, folder: Path, *checks: Check) -> dict[str, Check]:
    return reports.save(FakeContainer(data), {check.id: check for check in checks}, folder)


def test_the_output_of_a_failed_check_is_copied_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "output"
    log = "raydock-output/gpu-vllm-x/server.log"
    data = packed(
        member("raydock-output", tarfile.DIRTYPE), member("raydock-output/gpu-vllm-x", tarfile.DIRTYPE), member(log)
    )
    checks = save(data, folder, FAILED, PASSED)
    assert (folder / "gpu-vllm-x" / "server.log").read_text() == "xxx"
    assert checks["gpu-vllm"].detail == f"no; its output: {folder}/gpu-vllm-x"
    assert checks["ray"] == PASSED


def test_links_devices_and_paths_outside_are_not_copied(tmp_path: Path) -> None:
    data = packed(
        member("raydock-output/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("raydock-output/../outside"),
        member("raydock-output/device", tarfile.FIFOTYPE),
        member("raydock-output/log"),
    )
    save(data, tmp_path / "a" / "output", FAILED)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == ["a/output/log"]


@pytest.mark.parametrize("data", [None, b"x" * 100])
def test_checks_are_unchanged_if_the_output_is_missing_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None
) -> None:
    monkeypatch.setattr(reports, "LIMIT", 10)
    assert save(data, tmp_path / "output", FAILED) == {"gpu-vllm": FAILED}


def test_without_a_failure_the_old_copy_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "output"
    folder.mkdir()
    assert save(None, folder, PASSED) == {"ray": PASSED}
    assert not folder.exists()
