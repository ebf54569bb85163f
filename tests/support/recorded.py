"""Recorded wheels of the package index: their names and metadata, from which small wheels are made.

`python -m tests.support.recorded FILE` reads the metadata of every wheel in FILE again.
"""

import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from raydock.index.client import Index, from_environment
from raydock.index.releases import metadata
from tests.support import wheels
from tests.support.index import Site


@dataclass(frozen=True)
class Recorded:
    """The metadata of a wheel in the package index.

    Attributes:
        filename: its file name.
        size: its size in bytes.
        sha256: its hash.
        uploaded: its upload time.
        requires_python: its Requires-Python.
        requires_dist: its requirements.
    """

    filename: str
    size: int
    sha256: str
    uploaded: str
    requires_python: str
    requires_dist: tuple[str, ...]

    @property
    def project(self) -> str:
        return canonicalize_name(self.filename.split("-")[0])

    @property
    def version(self) -> str:
        return str(parse_wheel_filename(self.filename)[1])

    @property
    def body(self) -> bytes:
        """A wheel of a few hundred bytes with that name and those requirements."""
        return wheels.wheel(self.project, self.version, self.requires_dist, python=self.requires_python)

    def publish(self, site: Site) -> None:
        """Add the small wheel to an index, with the upload time of the real wheel."""
        site.files[f"{self.filename}.metadata"] = wheels.metadata(
            self.project, self.version, self.requires_dist, self.requires_python
        )
        extra = {"upload-time": self.uploaded, "requires-python": self.requires_python, "core-metadata": True}
        site.add(self.project, self.filename, self.body, **extra)


def load(path: Path) -> dict[str, tuple[Recorded, ...]]:
    """Return the recorded wheels by the name of their list."""
    lists = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: tuple(Recorded(**{**entry, "requires_dist": tuple(entry["requires_dist"])}) for entry in entries)
        for name, entries in lists.items()
    }


def fill(folder: Path, recorded: Iterable[Recorded]) -> Path:
    """Create a folder with the small wheels."""
    folder.mkdir(parents=True)
    for wheel in recorded:
        (folder / wheel.filename).write_bytes(wheel.body)
    return folder


def record(filename: str, index: Index) -> Recorded:
    """Read the metadata of a wheel in the index."""
    with index.client() as client:
        page = client.get_project_page(filename.split("-", maxsplit=1)[0])
    (file,) = (package for package in page.packages if package.filename == filename)
    fields = metadata(index, [file])
    assert file.size is not None
    assert file.upload_time is not None
    return Recorded(
        filename=filename,
        size=file.size,
        sha256=file.digests["sha256"],
        uploaded=file.upload_time.isoformat().replace("+00:00", "Z"),
        requires_python=fields.get("requires_python", ""),
        requires_dist=tuple(fields.get("requires_dist", ())),
    )


def main(path: Path) -> None:
    index = from_environment(os.environ)
    lists = json.loads(path.read_text(encoding="utf-8"))
    with ThreadPoolExecutor(8) as pool:
        recorded = {
            name: [asdict(wheel) for wheel in pool.map(lambda entry: record(entry["filename"], index), entries)]
            for name, entries in lists.items()
        }
    blocks = (
        f'"{name}": [\n' + ",\n".join(f" {json.dumps(entry)}" for entry in entries) + "\n]"
        for name, entries in recorded.items()
    )
    path.write_text("{" + ",\n".join(blocks) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
