"""Loads the library and calls its function as glibc does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from raydock.builder import nss

NOT_FOUND, SUCCESS = 0, 1
# Only root can become a different user.
USER = os.getuid() or 1000710000
# struct passwd is two strings, uid and gid, three strings. The user changes once all is loaded.
CALL = """
import ctypes, json, os, sys
path, uid, user = sys.argv[1:]
class Passwd(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("name", "password")]
    _fields_ += [(name, ctypes.c_uint32) for name in ("uid", "gid")]
    _fields_ += [(name, ctypes.c_char_p) for name in ("comment", "home", "shell")]
library, entry, error = ctypes.CDLL(path), Passwd(), ctypes.c_int(0)
os.setresuid(int(user), int(user), int(user))
buffer = ctypes.create_string_buffer(64)
function = library["_nss_raydock_getpwuid_r"]
status = function(ctypes.c_uint32(int(uid)), ctypes.byref(entry), buffer, len(buffer), ctypes.byref(error))
values = [getattr(entry, name) for name, _ in Passwd._fields_]
print(json.dumps([status, [value.decode() if isinstance(value, bytes) else value for value in values], error.value]))
"""


def _call(path: Path, uid: int) -> tuple[int, list[object], int]:
    """The status, the entry and errno that a process of USER gets for a uid."""
    command = [sys.executable, "-c", CALL, str(path), str(uid), str(USER)]
    status, entry, error = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)
    return status, entry, error


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nss") / "libnss_raydock.so.2"
    path.write_bytes(nss.module())
    return path


def test_the_uid_of_the_process_gets_the_name_of_the_images_user(library: Path) -> None:
    status, entry, _ = _call(library, USER)
    assert status == SUCCESS
    assert entry == ["ray", "x", USER, os.getgid(), "ray", "/home/ray", "/bin/bash"]


@pytest.mark.parametrize("uid", [USER + 1, USER - 1, 0])
def test_other_uids_get_no_name(library: Path, uid: int) -> None:
    status, _, error = _call(library, uid)
    assert (status, error) == (NOT_FOUND, 2)


def test_the_bytes_are_reproducible() -> None:
    assert nss.module() == nss.module()
    assert len(nss.module()) < 4300
