"""The project pages of package indexes, each read once.

The resolvers use them too.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock as Mutex
from typing import Self

from pypi_simple import DistributionPackage

from raydock.index.client import Index
from raydock.index.page import Page

_WORKERS = 8
_FEW = 5


@dataclass(frozen=True)
class Pages:
    """The project pages of the default index and of extra indexes.

    As a context manager, it ends its threads.

    Attributes:
        index: the default index.
    """

    index: Index
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_WORKERS), repr=False)
    _mutex: Mutex = field(default_factory=Mutex, repr=False)
    _pages: dict[tuple[Index, str], Future[Page]] = field(default_factory=dict, repr=False)
    _extra: dict[tuple[str, str], Index] = field(default_factory=dict, repr=False)
    _metadata: dict[tuple[Index, str], Future[bytes]] = field(default_factory=dict, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def for_cuda(self, label: str, url: str) -> Index:
        """The index that matrix.yaml names for a CUDA.

        Always the same object, to look up its credentials once.
        """
        with self._mutex:
            if (label, url) not in self._extra:
                self._extra[label, url] = self.index.for_cuda(label, url)
            return self._extra[label, url]

    def files(self, project: str) -> tuple[DistributionPackage, ...]:
        """Every wheel and source distribution of a project in the default index; empty if it has no such project.

        Raises OutOfReachError if the index cannot be read.
        """
        return self.page(self.index, project).files

    def offers(
        self, project: str, version: str, also: Sequence[Index] = ()
    ) -> tuple[tuple[DistributionPackage, ...], ...]:
        """The files of a version of a project, separately for each index.

        Raises OutOfReachError if an index cannot be read.
        """
        futures = [self._page(index, project) for index in (self.index, *also)]
        return tuple(future.result().of_version(version) for future in futures)

    def release(self, project: str, version: str) -> tuple[DistributionPackage, ...]:
        """The files of a version of a project in the default index.

        Raises OutOfReachError if the index cannot be read.
        """
        return self.page(self.index, project).of_version(version)

    def page(self, index: Index, project: str) -> Page:
        """The page of a project in one index.

        Raises OutOfReachError if the index cannot be read.
        """
        return self._page(index, project).result()

    def metadata(self, index: Index, wheel: DistributionPackage) -> bytes:
        """The core metadata of a wheel in an index.

        Raises OutOfReachError if the index cannot be read.
        """
        key = (index, wheel.url)
        with self._mutex:
            if key not in self._metadata:
                self._metadata[key] = self._pool.submit(index.metadata, wheel)
            future = self._metadata[key]
        return future.result()

    def prefetch(self, projects: Iterable[str], also: Sequence[Index] = ()) -> None:
        """Starts to read the pages of projects that are needed soon."""
        for project in projects:
            for index in (self.index, *also):
                self._page(index, project)

    def refused(self) -> dict[Index, list[str]]:
        """The projects for which an index answered 403 so far."""
        with self._mutex:
            pages = dict(self._pages)
        projects: dict[Index, list[str]] = {}
        for (index, project), page in pages.items():
            if _succeeded(page) and page.result().refused:
                projects.setdefault(index, []).append(project)
        return projects

    def without_cutoff(self, projects: Iterable[str], also: Sequence[Index] = ()) -> str:
        """The indexes with files of these projects without an upload time.

        The cut-off day does not apply to these files. The form is `default index; cu118 index (torch)`. The projects
        are omitted if it is all that the index has.
        """
        names = sorted(projects)
        indexes: list[str] = []
        for index in (self.index, *also):
            pages = {name: self.page(index, name).files for name in names}
            listed = [name for name in names if pages[name]]
            undated = [name for name in listed if any(file.upload_time is None for file in pages[name])]
            if undated:
                rest = f" and {len(undated) - _FEW} more" if len(undated) > _FEW else ""
                which = "" if undated == listed else f" ({', '.join(undated[:_FEW])}{rest})"
                indexes.append(f"{index.address.name} index{which}")
        return "; ".join(indexes)

    def _page(self, index: Index, project: str) -> Future[Page]:
        with self._mutex:
            if (index, project) not in self._pages:
                self._pages[index, project] = self._pool.submit(index.page, project)
            return self._pages[index, project]


def too_new(file: DistributionPackage, before: datetime) -> bool:
    """Whether a file was uploaded after the cut-off day.

    A file without an upload time (PEP 700) is accepted, because an index without upload times would otherwise be
    unusable.
    """
    return file.upload_time is not None and file.upload_time >= before


def _succeeded(page: Future[Page]) -> bool:
    return page.done() and not page.cancelled() and page.exception() is None
