"""A small checkout of its own, with an index of its own, worked on by the real command line."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from raydock.model.matrix import load
from tests.support.index import Site

ROOT = Path(__file__).resolve().parents[2]

_INDEX_VARIABLES = re.compile(r"(UV|PIP)_.*|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|RAYDOCK_.*")


@dataclass(frozen=True)
class Run:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """All that it said, for a test that fails."""
        return f"exit {self.code}\n{self.out}\n{self.err}"

    @property
    def variants(self) -> dict[str, dict[str, Any]]:
        """The variants of its `--json` document, by name."""
        return {item["name"]: item for item in json.loads(self.out)["variants"]}


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """Runs ./build.py on a checkout with an environment."""

    root: Path
    environment: dict[str, str]

    def given(self, environment: Mapping[str, str]) -> Self:
        """The same checkout with more in its environment."""
        return replace(self, environment={**self.environment, **environment})

    def run(self, *words: str, seconds: float = 560, **more: str) -> Run:
        """A command's answer; `more` is environment for it alone."""
        with self.started(*words, **more) as process:
            return finish(process, seconds)

    @contextmanager
    def started(self, *words: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs meanwhile, in a process group of its own as under a terminal; killed at the end."""
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "build.py"), *words],
            cwd=ROOT,
            env={**self.environment, "RAYDOCK_ROOT": str(self.root), "COLUMNS": "200", "NO_COLOR": "1", **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def finish(process: subprocess.Popen[str], seconds: float = 60) -> Run:
    """Waits for a command. Raises TimeoutExpired where it does not end within `seconds`."""
    out, err = process.communicate(timeout=seconds)
    return Run(process.returncode, out, err)


@dataclass(frozen=True, kw_only=True)
class Toy(Checkout):
    """A checkout with its own matrix and its own index, whose images the engine keeps under `registry`.

    `token` is in all that it makes and in nothing else's.
    """

    token: str
    registry: str
    site: Site

    def edit(self, path: str, old: str, new: str) -> None:
        """Changes words in one of its files; they must be there."""
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new))

    def committed(self) -> dict[str, bytes]:
        """Every file that git would hold, by path: what a fault must leave alone."""
        folders = (self.root / name for name in ("images", "lockfiles"))
        return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}

    def leftovers(self) -> list[Path]:
        """Temporary files and secrets that no finished or interrupted run may leave."""
        hidden = [path for folder in (".raydock", "images", "lockfiles") for path in (self.root / folder).rglob(".*")]
        secrets = [path for name in ("uv.toml", "rootfs.tar") for path in (self.root / ".raydock").rglob(name)]
        found = [*hidden, *secrets, *(self.root / "tmp").iterdir()]
        return [path for path in found if path != self.root / ".raydock" / ".gitignore"]


_MATRIX = """\
registry: {registry}
cutoff: {cutoff}
bases: {{debian: {{source: bootstrap, python: {{"3.11": bookworm}}}}}}
axes: {{python: ["3.11"], ray: ["1.0.0", "2.0.0"]}}
packages: {{ray-extras: [], always: [toylib]}}
"""

NAMES = ("ray1.0.0-py311-cpu", "ray2.0.0-py311-cpu")


def make(root: Path, site: Site, endpoint: str) -> Toy:
    """A new checkout in `root` of two variants (NAMES), not locked yet, whose packages no other toy has.

    Its cut-off is raydock's own, so that it stands on the same base as the real images.
    """
    token = uuid4().hex[:12]
    site.publish("toylib", "1.0", files={"toylib.py": f"TOKEN = '{token}'\n".encode()})
    for version in ("1.0.0", "2.0.0"):
        files = {"ray/__init__.py": f"__version__ = '{version}'\nTOKEN = '{token}'\n".encode()}
        site.publish("ray", version, ["toylib"], files)
    registry = f"localhost:5000/raydock-test-{token}"
    shutil.copytree(ROOT / "templates", root / "templates")
    (root / "matrix.yaml").write_text(_MATRIX.format(registry=registry, cutoff=load(ROOT / "matrix.yaml").cutoff))
    (root / "tmp").mkdir()
    (root / "lockfiles").mkdir()
    shutil.copy(ROOT / "lockfiles" / "debian-py311.debs", root / "lockfiles")
    environment = {
        **{key: value for key, value in os.environ.items() if not _INDEX_VARIABLES.fullmatch(key)},
        "UV_DEFAULT_INDEX": endpoint,
        # This machine's own files may name an index.
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(root / "uv-cache"),
        "TMPDIR": str(root / "tmp"),
    }
    return Toy(root=root, token=token, site=site, registry=registry, environment=environment)


def lock(toy: Toy) -> None:
    """Reads a toy's facts and locks its variants."""
    for command in ("facts", "lock"):
        done = toy.run(command)
        assert done.code == 0, done.words
    toy.site.asked.clear()
