"""A small checkout with its own index, for tests with the real command line."""

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
    """The result of a command.

    Attributes:
        code: the exit code.
        out: standard output.
        err: standard error.
    """

    code: int
    out: str
    err: str

    @property
    def summary(self) -> str:
        """The exit code and all output, for the message of a failed test."""
        return f"exit {self.code}\n{self.out}\n{self.err}"

    @property
    def variants(self) -> dict[str, dict[str, Any]]:
        """The variants of its `--json` document, by name."""
        return {variant["name"]: variant for variant in json.loads(self.out)["variants"]}


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A checkout on which ./build.py runs.

    Attributes:
        root: the folder of the checkout.
        environment: the variables of commands.
    """

    root: Path
    environment: dict[str, str]

    def given(self, environment: Mapping[str, str]) -> Self:
        """Return the same checkout with additional variables."""
        return replace(self, environment={**self.environment, **environment})

    def run(self, *arguments: str, seconds: float = 560, **more: str) -> Run:
        """Run a command to its end; `more` are variables for this command only."""
        with self.started(*arguments, **more) as process:
            return finish(process, seconds)

    @contextmanager
    def started(self, *arguments: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command in its own process group, as in a terminal, and kill it at the end."""
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "build.py"), *arguments],
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
    """Wait for a command. Raises TimeoutExpired if it does not end within `seconds`."""
    out, err = process.communicate(timeout=seconds)
    return Run(process.returncode, out, err)


@dataclass(frozen=True, kw_only=True)
class Toy(Checkout):
    """A checkout with its own matrix and index.

    Attributes:
        token: a text that is in everything that this checkout makes, and nowhere else.
        registry: the repository of its images' tags.
        site: its index.
    """

    token: str
    registry: str
    site: Site

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text in one of its files, which must contain it."""
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} does not contain {old!r}"
        file.write_text(text.replace(old, new))

    def committed(self) -> dict[str, bytes]:
        """Return every file that is committed, by path. A fault must not change them."""
        folders = (self.root / name for name in ("images", "lockfiles"))
        return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}

    def leftovers(self) -> list[Path]:
        """Return temporary files and secrets, which no finished or interrupted run must leave."""
        hidden = [path for folder in (".raydock", "images", "lockfiles") for path in (self.root / folder).rglob(".*")]
        secrets = [path for name in ("uv.toml", "rootfs.tar") for path in (self.root / ".raydock").rglob(name)]
        temporary = [*hidden, *secrets, *(self.root / "tmp").iterdir()]
        return [path for path in temporary if path != self.root / ".raydock" / ".gitignore"]


_MATRIX = """\
registry: {registry}
cutoff: {cutoff}
timestamp: {timestamp}
bases: {{debian: {{source: bootstrap, python: {{"3.11": bookworm}}}}}}
axes: {{python: ["3.11"], ray: ["1.0.0", "2.0.0"]}}
packages: {{ray-extras: [], always: [toylib]}}
"""

NAMES = ("ray1.0.0-py311-cpu", "ray2.0.0-py311-cpu")


def make(root: Path, site: Site, endpoint: str) -> Toy:
    """Make a checkout in `root` of two variants (NAMES) without locks; its packages are unique to it.

    It has raydock's own timestamp, so that it uses the same base as the real images.
    """
    token = uuid4().hex[:12]
    site.publish("toylib", "1.0", files={"toylib.py": f"TOKEN = '{token}'\n".encode()})
    for version in ("1.0.0", "2.0.0"):
        files = {"ray/__init__.py": f"__version__ = '{version}'\nTOKEN = '{token}'\n".encode()}
        site.publish("ray", version, ["toylib"], files)
    registry = f"localhost:5000/raydock-test-{token}"
    shutil.copytree(ROOT / "templates", root / "templates")
    own = load(ROOT / "matrix.yaml")
    (root / "matrix.yaml").write_text(
        _MATRIX.format(registry=registry, cutoff=own.cutoff, timestamp=own.timestamp), encoding="utf-8"
    )
    (root / "tmp").mkdir()
    (root / "lockfiles").mkdir()
    shutil.copy(ROOT / "lockfiles" / "debian-py311.debs", root / "lockfiles")
    environment = {
        **{key: value for key, value in os.environ.items() if not _INDEX_VARIABLES.fullmatch(key)},
        "UV_DEFAULT_INDEX": endpoint,
        # This machine's configuration files may name an index.
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(root / "uv-cache"),
        "TMPDIR": str(root / "tmp"),
    }
    return Toy(root=root, token=token, site=site, registry=registry, environment=environment)


def lock(toy: Toy) -> None:
    """Read a toy's facts and lock its variants."""
    for command in ("facts", "lock"):
        done = toy.run(command)
        assert done.code == 0, done.summary
    toy.site.requests.clear()
