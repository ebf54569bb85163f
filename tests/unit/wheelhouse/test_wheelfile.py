import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from raydock.wheelhouse.wheelfile import BrokenWheelError, read
from tests.support.wheels import metadata, wheel

NAME = "thing-1.0-py3-none-any.whl"
GOOD = wheel("thing", "1.0", ["click>=8"], {"thing/__init__.py": b"x = 1\n" * 1000})


def rewritten(change: Callable[[dict[str, bytes]], object]) -> bytes:
    """That wheel with changed members and the old RECORD."""
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def recorded(text: bytes) -> bytes:
    """That wheel with more lines in its RECORD."""
    name = "thing-1.0.dist-info/RECORD"
    return rewritten(lambda files: files.update({name: files[name] + text}))


@pytest.mark.parametrize("text", [b"", b"\n", b"thing/__init__.py,md5=nonsense,\n", b"RECORD.jws,,\n"])
def test_a_record_may_have_other_lines(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(recorded(text))
    assert str(read(path)) == "thing 1.0"


def test_a_wheel_is_read(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(GOOD)
    release = read(path)
    assert (str(release), release.requires_dist, release.requires_python) == ("thing 1.0", ("click>=8",), ">=3.10")
    assert release.wheels[0].size == len(GOOD)


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        (NAME, b"", "is empty"),
        (NAME, GOOD[: len(GOOD) // 2], "is truncated or damaged"),
        (NAME, b"<html>proxy error</html>", "is truncated or damaged"),
        (NAME, GOOD[:40] + b"????" + GOOD[44:], "is truncated or damaged"),
        ("thing-1.0.whl", GOOD, "does not have the name of a wheel"),
        ("other-1.0-py3-none-any.whl", GOOD, "contains thing 1.0, which does not match its name"),
        ("thing-1.1-py3-none-any.whl", GOOD, "contains thing 1.0, which does not match its name"),
        (NAME, wheel("thing", "1.0", ["click>>8"]), "requires 'click>>8', which is not a requirement"),
        (NAME, rewritten(lambda files: files.pop("thing-1.0.dist-info/METADATA")), "has 0 METADATA files"),
        (NAME, rewritten(lambda files: files.pop("thing-1.0.dist-info/RECORD")), "holds no RECORD"),
        (NAME, rewritten(lambda files: files.pop("thing/__init__.py")), "holds thing/__init__.py, which is not as"),
        (NAME, recorded(b"thing/other.py,sha256=AAAA,1\n"), "holds thing/other.py, which is not as its RECORD"),
        (NAME, recorded(b"thing/__init__.py,sha256\n"), "is truncated or damaged (Row Index 4: expected 3 elements"),
        (NAME, recorded(b"thing/__init__.py,sha256,1\n"), "is truncated or damaged (`hash` does not follow"),
        (NAME, recorded(b"thing/__init__.py,sha256=AAAA,x\n"), "is truncated or damaged (`size` cannot be non-integer"),
        (
            NAME,
            rewritten(lambda files: files.update({"thing/__init__.py": b"x = 2\n" * 1000})),
            "is not as its RECORD",
        ),
        (NAME, rewritten(lambda files: files.update({"thing/__init__.py": b"x = 1\n"})), "is not as its RECORD"),
        (
            NAME,
            rewritten(lambda files: files.update({"old-1.dist-info/METADATA": metadata("old", "1")})),
            "has 2 METADATA",
        ),
    ],
)
def test_a_broken_wheel_is_reported(tmp_path: Path, name: str, body: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(BrokenWheelError) as caught:
        read(path)
    assert reason in str(caught.value)
