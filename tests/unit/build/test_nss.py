"""The library is loaded, and its functions are called as glibc calls them."""

import ctypes
import os
from pathlib import Path

import pytest

from raydock.build import nss

NOT_FOUND, SUCCESS = 0, 1
# Only root can become a different user.
USER = os.getuid() or 1000710000


class Passwd(ctypes.Structure):
    """glibc's struct passwd."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("password", ctypes.c_char_p),
        ("uid", ctypes.c_uint32),
        ("gid", ctypes.c_uint32),
        ("comment", ctypes.c_char_p),
        ("home", ctypes.c_char_p),
        ("shell", ctypes.c_char_p),
    )


def _call(path: Path, key: str | int) -> tuple[int, list[object], int]:
    """What a process of USER gets for a name or a uid: the status, the entry and errno."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.setresuid(USER, USER, USER)
        library = ctypes.CDLL(str(path))
        entry, error = Passwd(), ctypes.c_int(0)
        function = library[f"_nss_raydock_getpw{'nam' if isinstance(key, str) else 'uid'}_r"]
        asked = key.encode() if isinstance(key, str) else ctypes.c_uint32(key)
        status = function(asked, ctypes.byref(entry), ctypes.create_string_buffer(64), 64, ctypes.byref(error))
        fields = [getattr(entry, name) for name, _ in Passwd._fields_]
        os.write(writer, repr((status, fields, error.value)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    found: tuple[int, list[object], int] = eval(answer)
    return found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nss") / "libnss_raydock.so.2"
    path.write_bytes(nss.module())
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        folder.chmod(0o755)
    return path


@pytest.mark.parametrize("key", [USER, nss.USER])
def test_the_users_own_uid_has_a_name(library: Path, key: str | int) -> None:
    status, entry, _ = _call(library, key)
    assert status == SUCCESS
    assert entry == [b"user", b"x", USER, os.getgid(), b"user", b"/home/ray", b"/bin/bash"]


@pytest.mark.parametrize("key", [USER + 1, 0, "users", "use", ""])
def test_nobody_else_is_named(library: Path, key: str | int) -> None:
    status, _, error = _call(library, key)
    assert (status, error) == (NOT_FOUND, 2)


def test_the_same_bytes_each_time() -> None:
    assert nss.module() == nss.module()
    assert len(nss.module()) < 4300
