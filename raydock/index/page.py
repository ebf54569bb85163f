"""The page of a project in a package index (PEP 503, 691 and 700).

It is read from HTML or JSON, and written as JSON.
"""

import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
from pypi_simple import DistributionPackage, ProjectPage
from pypi_simple.errors import UnparsableFilenameError
from pypi_simple.filenames import parse_filename

_NOT_A_LIST = re.compile(rb"<(?:form|input|script)\b", re.IGNORECASE)
_UNDATED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Page:
    """The page of a project.

    Attributes:
        files: the wheels and source distributions that the index lists.
        refused: whether the index answered 403.
    """

    files: tuple[DistributionPackage, ...] = ()
    refused: bool = False

    @cached_property
    def json(self) -> bytes:
        """The page for resolvers (PEP 691), with relative addresses.

        A file without an upload time gets one before any cut-off day. Every wheel has a metadata file next to it.
        """
        name = self.files[0].project if self.files else ""
        files = [_entry(file) for file in self.files]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": files}).encode()


def read(response: requests.Response, project: str) -> Page:
    """Parses an index's answer.

    Raises ValueError if it is not a list of packages, or an error of pypi_simple.
    """
    listed = (_named_by_url(file) for file in ProjectPage.from_response(response, project).packages)
    files = tuple(file for file in listed if file.package_type in {"wheel", "sdist"})
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not files and kind == "text/html" and _NOT_A_LIST.search(response.content):
        raise ValueError("it is a web page that lists no packages, such as a login page")
    return Page(files)


def _named_by_url(file: DistributionPackage) -> DistributionPackage:
    """The file with the name at the end of its address, as in uv and pip.

    The text of a link can differ.
    """
    if file.url.endswith(f"/{file.filename}"):
        return file
    name = unquote(urlsplit(file.url).path.rpartition("/")[2])
    try:
        project, version, kind = parse_filename(name, file.project)
    except UnparsableFilenameError:
        return file
    return replace(file, filename=name, project=project, version=version, package_type=kind)


def _entry(file: DistributionPackage) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": quote(file.filename),
        "hashes": dict(file.digests),
        "size": file.size or 0,
        "upload-time": file.upload_time.isoformat() if file.upload_time else _UNDATED,
        "yanked": (file.yanked_reason or True) if file.is_yanked else False,
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.package_type == "wheel":
        entry["core-metadata"] = dict(file.metadata_digests) if file.metadata_digests else True
    return entry
