"""A Debian archive of tiny packages on loopback, whose versions a test can replace."""

import gzip
import hashlib
import io
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import BinaryIO

_CONTROL = """\
Package: {name}
Version: {version}
Architecture: all
Maintainer: Test <test@example.org>
{fields}Description: a package of a test
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        # Modification times have a resolution of a second, and a test replaces a version within a second.
        del self.headers["If-Modified-Since"]
        return super().send_head()


@dataclass
class DebianArchive:
    """An archive in a folder.

    Attributes:
        folder: the folder that is served.
        address: its address.
        files: the packages of each suite by name.
    """

    folder: Path
    address: str = ""
    files: dict[str, dict[str, Path]] = field(default_factory=dict)

    def put(self, suite: str, name: str, version: str, *, changelog: str = "", **fields: str) -> None:
        """Publish a package and remove the file of its older version, as Debian does."""
        listed = self.files.setdefault(suite, {})
        if name in listed:
            listed[name].unlink()
        control = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in fields.items())
        listed[name] = self._build(suite, name, version, changelog, control)
        self._index(suite)

    def _build(self, suite: str, name: str, version: str, changelog: str, fields: str) -> Path:
        tree = self.folder / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        (tree / "DEBIAN").mkdir(parents=True)
        control = _CONTROL.format(name=name, version=version, fields=fields)
        (tree / "DEBIAN/control").write_text(control)
        documents = tree / "usr/share/doc" / name
        documents.mkdir(parents=True)
        (documents / "copyright").write_text(f"{name} {version}\n")
        (documents / "changelog.Debian.gz").write_bytes(gzip.compress(changelog.encode(), mtime=0))
        (tree / "usr/bin").mkdir()
        (tree / "usr/bin" / name).write_text(f"#!/bin/sh\necho {name} {version}\n")
        (tree / "usr/bin" / name).chmod(0o755)
        target = self.folder / "pool" / suite / f"{name}_{version.rpartition(':')[2]}_all.deb"
        target.parent.mkdir(parents=True, exist_ok=True)
        command = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        target.with_suffix(".control").write_text(control)
        return target

    def _index(self, suite: str) -> None:
        stanzas = []
        for file in self.files[suite].values():
            control, data = file.with_suffix(".control").read_text(), file.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            name = file.relative_to(self.folder)
            stanzas.append(f"{control}Filename: {name}\nSize: {len(data)}\nSHA256: {digest}\n")
        packages = "\n".join(stanzas).encode()
        path = "main/binary-amd64/Packages"
        folder = self.folder / "dists" / suite
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(packages)
        digest = hashlib.sha256(packages).hexdigest()
        head = f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\nArchitectures: amd64 all\nComponents: main\n"
        (folder / "Release").write_text(f"{head}SHA256:\n {digest} {len(packages)} {path}\n")


@contextmanager
def debian_archive(folder: Path) -> Iterator[DebianArchive]:
    """Serve an empty archive on a free port of loopback."""
    folder.mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield DebianArchive(folder=folder, address=f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
