"""A Python like uv's managed ones, a folder that runs from any path, and a list of downloads with it.

It is made of Debian's Python, because the tests cannot reach uv's own archives. It has the same layout, with every
library except glibc in its folder.
"""

import gzip
import io
import json
import re
import subprocess
from hashlib import sha256
from urllib.parse import unquote

import docker
import uv

from tests.support.engine import remove_built

_DOCKERFILE = r"""
FROM {base}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends patchelf
RUN mkdir -p /python/bin /python/lib && cp -a /usr/bin/python3.11 /python/bin && cp -a /usr/lib/python3.11 /python/lib \
 && cd /python/lib && rm python3.11/sitecustomize.py && find . -name __pycache__ -prune -exec rm -r {{}} + \
 && find /python -type f \( -name '*.so' -o -name python3.11 \) -exec ldd {{}} + | awk '$2 == "=>" {{print $3}}' \
  | sort -u | grep -v -E '/lib(c|m)\.so' | xargs cp -t . \
 && for file in ../bin/python3.11 lib*.so*; do patchelf --set-rpath '$ORIGIN:$ORIGIN/../lib' "$file"; done \
 && for file in $(ldd python3.11/lib-dynload/*.so | sed -n 's/:$//p'); do \
      patchelf --set-rpath '$ORIGIN/../..' "$file" || true; done
"""


def archive(client: docker.DockerClient, base: str) -> bytes:
    """Return a .tar.gz of `python/`: the Python 3.11 of a Debian image, with all libraries that it needs."""
    dockerfile = _DOCKERFILE.format(base=base)
    image, _ = client.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True, forcerm=True)
    container = client.containers.create(image.id, "true")
    try:
        chunks, _ = container.get_archive("/python")
        return gzip.compress(b"".join(chunks), compresslevel=1, mtime=0)
    finally:
        container.remove()
        remove_built(client, str(image.id))


def listed(version: str, body: bytes, day: str = "20261110") -> tuple[str, bytes]:
    """Return the path below a mirror's address for this archive of a version, and the list that names it."""
    path = f"{day}/cpython-{version}%2B{day}-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"
    major, minor, patch = map(int, version.split("."))
    entry = {
        "name": "cpython",
        "arch": {"family": "x86_64", "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": "",
        "url": f"{_mirrored()}/{path}",
        "sha256": sha256(body).hexdigest(),
        "variant": None,
    }
    return unquote(path), json.dumps({f"cpython-{version}-linux-x86_64-gnu": entry}).encode()


def _mirrored() -> str:
    """Return the address that a mirror replaces, from uv's help. With a mirror, uv accepts no other in a list."""
    usage = subprocess.run([uv.find_uv_bin(), "help", "python", "install"], check=True, capture_output=True, text=True)
    match = re.search(r"URL will replace\s+`(\S+)`", usage.stdout)
    assert match, "uv's help does not state what --mirror replaces"
    return match[1]
