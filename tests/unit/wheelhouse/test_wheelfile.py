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
    """That wheel with its members changed, as by somebody who left RECORD alone."""
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
    return rewritten(lambda held: held.update({name: held[name] + text}))


@pytest.mark.parametrize("text", [b"", b"\n", b"thing/__init__.py,md5=nonsense,\n", b"RECORD.jws,,\n"])
def test_what_a_record_may_hold(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(recorded(text))
    assert str(read(path)) == "thing 1.0"


def test_what_a_wheel_says(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(GOOD)
    release = read(path)
    assert (str(release), release.requires_dist, release.requires_python) == ("thing 1.0", ("click>=8",), ">=3.10")
    assert release.wheels[0].size == len(GOOD)


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        (NAME, b"", "is empty"),
        (NAME, GOOD[: len(GOOD) // 2], "is cut short or damaged"),
        (NAME, b"<html>proxy error</html>", "is cut short or damaged"),
        (NAME, GOOD[:40] + b"????" + GOOD[44:], "is cut short or damaged"),
        ("thing-1.0.whl", GOOD, "has no wheel's name"),
        ("other-1.0-py3-none-any.whl", GOOD, "holds thing 1.0, which is not what its name says"),
        ("thing-1.1-py3-none-any.whl", GOOD, "holds thing 1.0, which is not what its name says"),
        (NAME, wheel("thing", "1.0", ["click>>8"]), "requires 'click>>8', which is not a requirement"),
        (NAME, rewritten(lambda held: held.pop("thing-1.0.dist-info/METADATA")), "holds 0 METADATA files"),
        (NAME, rewritten(lambda held: held.pop("thing-1.0.dist-info/RECORD")), "holds no RECORD"),
        (NAME, rewritten(lambda held: held.pop("thing/__init__.py")), "holds thing/__init__.py, which is not as"),
        (NAME, rewritten(lambda held: held.update({"thing/__init__.py": b"x = 2\n" * 1000})), "is not as its RECORD"),
        (NAME, rewritten(lambda held: held.update({"thing/__init__.py": b"x = 1\n"})), "is not as its RECORD"),
        (NAME, recorded(b"thing/other.py,sha256=AAAA,1\n"), "holds thing/other.py, which is not as its RECORD"),
        (NAME, recorded(b"thing/__init__.py,sha256\n"), "is cut short or damaged (Row Index 4: expected 3 elements"),
        (NAME, recorded(b"thing/__init__.py,sha256,1\n"), "is cut short or damaged (`hash` does not follow"),
        (NAME, recorded(b"thing/__init__.py,sha256=AAAA,x\n"), "is cut short or damaged (`size` cannot be non-integer"),
        (
            NAME,
            rewritten(lambda held: held.update({"old-1.dist-info/METADATA": metadata("old", "1")})),
            "holds 2 METADATA",
        ),
    ],
)
def test_why_a_file_is_no_wheel(tmp_path: Path, name: str, body: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(BrokenWheelError) as caught:
        read(path)
    assert why in str(caught.value)
