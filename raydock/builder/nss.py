"""A module for glibc's Name Service Switch that names any container user.

It gives a name to a user without an entry in /etc/passwd. Kubernetes and OpenShift run an image as any uid. Without an
entry in /etc/passwd, `getpwuid` fails, and so do Python's `getpass.getuser`, torch before 2.13, ssh and others. The
file cannot list all uids, and nothing can edit it at start: KubeRay overrides the entrypoint, and the root file system
can be read-only. Debian's libnss-unknown answers for every uid, so that useradd and adduser do not find a free one.
This module answers only for the uid of the calling process, and never for root. The name is that of the image's user,
which is also in USER and LOGNAME.

It is a shared library for x86-64 with one function, written byte by byte (nss.yaml): the images have no compiler to
build it, and it imports nothing.
"""

from functools import cache
from pathlib import Path

from raydock.core.yamlfile import read

NAME = "raydock"
PATH = f"usr/lib/libnss_{NAME}.so.2"
BYTES = Path(__file__).with_name("nss.yaml")
_PAGE = 0x1000


@cache
def module() -> bytes:
    """The shared library for `PATH`; the bytes are always the same."""
    pages = read(BYTES).convert(dict[str, list[str]])
    code, dynamic = (bytes.fromhex(" ".join(pages[name])) for name in ("code", "dynamic"))
    return code.ljust(_PAGE, b"\0") + dynamic
