"""A Python as uv's managed ones are, one folder that runs wherever it is unpacked; and a list of downloads with it.

It is made of Debian's Python, since uv's own archives are on no index that tests reach: the same layout, with every
library but glibc beside it.
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
    """A .tar.gz of `python/`, of the Python 3.11 of a Debian image, which is made so that it needs no other."""
    dockerfile = _DOCKERFILE.format(base=base)
    image, _ = client.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True, forcerm=True)
    container = client.containers.create(image.id, "true")
    try:
        chunks, _ = container.get_archive("/python")
        return gzip.compress(b"".join(chunks), compresslevel=1, mtime=0)
    finally:
        container.remove()
        client.images.remove(image.id)


def listed(version: str, body: bytes, day: str = "20261110") -> tuple[str, bytes]:
    """Where a mirror has to serve this archive as a version's, below its own address, and the list that says so."""
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
    """The address that a mirror stands for, as uv's help says; uv takes no other in a list where there is a mirror."""
    told = subprocess.run([uv.find_uv_bin(), "help", "python", "install"], check=True, capture_output=True, text=True)
    found = re.search(r"URL will replace\s+`(\S+)`", told.stdout)
    assert found, "uv's help does not say what --mirror replaces"
    return found[1]
