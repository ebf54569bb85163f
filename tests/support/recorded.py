"""Wheels of the package index by name, with the metadata that it has of them: read once, and made again in a moment.

`python -m tests.support.recorded FILE` reads again what the index says of every wheel that FILE names.
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
    """A wheel: its name, and what the index said of it; `size` in bytes."""

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
        """A wheel of some hundred bytes with that name and those requirements."""
        return wheels.wheel(self.project, self.version, self.requires_dist, python=self.requires_python)

    def publish(self, site: Site) -> None:
        """Offers that small wheel in an index, on the day on which the real one appeared."""
        site.files[f"{self.filename}.metadata"] = wheels.metadata(
            self.project, self.version, self.requires_dist, self.requires_python
        )
        extra = {"upload-time": self.uploaded, "requires-python": self.requires_python, "core-metadata": True}
        site.add(self.project, self.filename, self.body, **extra)


def load(path: Path) -> dict[str, tuple[Recorded, ...]]:
    """The recorded wheels by the list in which they stand."""
    lists = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: tuple(Recorded(**{**item, "requires_dist": tuple(item["requires_dist"])}) for item in items)
        for name, items in lists.items()
    }


def fill(folder: Path, items: Iterable[Recorded]) -> Path:
    """Puts the small wheels into a folder, which is made."""
    folder.mkdir(parents=True)
    for item in items:
        (folder / item.filename).write_bytes(item.body)
    return folder


def record(filename: str, index: Index) -> Recorded:
    """What the index says of a wheel."""
    with index.client() as client:
        page = client.get_project_page(filename.split("-", maxsplit=1)[0])
    (file,) = (item for item in page.packages if item.filename == filename)
    said = metadata(index, [file])
    assert file.size is not None
    assert file.upload_time is not None
    return Recorded(
        filename=filename,
        size=file.size,
        sha256=file.digests["sha256"],
        uploaded=file.upload_time.isoformat().replace("+00:00", "Z"),
        requires_python=said.get("requires_python", ""),
        requires_dist=tuple(said.get("requires_dist", ())),
    )


def main(path: Path) -> None:
    index = from_environment(os.environ)
    lists = json.loads(path.read_text(encoding="utf-8"))
    with ThreadPoolExecutor(8) as pool:
        found = {
            name: [asdict(item) for item in pool.map(lambda entry: record(entry["filename"], index), entries)]
            for name, entries in lists.items()
        }
    blocks = (
        f'"{name}": [\n' + ",\n".join(f" {json.dumps(item)}" for item in items) + "\n]" for name, items in found.items()
    )
    path.write_text("{" + ",\n".join(blocks) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
