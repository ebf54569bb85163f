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
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version
from pypi_simple import DistributionPackage, ProjectPage
from pypi_simple.errors import UnparsableFilenameError
from pypi_simple.filenames import parse_filename

_UNDATED = "1970-01-01T00:00:00Z"
# What the page of a project without files has (sources of warehouse, bandersnatch, devpi, Nexus, pypiserver, GitLab and
# Gitea, read 2026-11-30): a title such as `root/pypi: links for click`, or the version of the API. Folders of a web
# server are titled `Index of /simple/click/` (nginx) or `Directory listing for /simple/click/` (Python's http.server).
_TITLE = re.compile(
    r"<(?:title|h1)\b[^>]*>\s*(?:[^<\s]+:\s*)?"
    r"(?:links for\s+(?P<project>[\w.-]+)|simple index\b|(?:index of|directory listing for)\s+/)",
    re.IGNORECASE,
)
_VERSION = re.compile(r"""<meta\s[^>]*\bname\s*=\s*["']?(?:pypi:|api-version\b)""", re.IGNORECASE)
_BLANK = re.compile(r"</?(?:!doctype|html|head|body)\b[^>]*>|<meta charset=[^>\s]*>|\s", re.IGNORECASE)


class NotAnIndexPageError(requests.RequestException):
    """A server answered with a web page that is not a page of a package index, such as a login page."""


@dataclass(frozen=True)
class Page:
    """The page of a project.

    Attributes:
        files: the wheels and source distributions that the index lists.
        refused: whether the index answered 403.
    """

    files: tuple[DistributionPackage, ...] = ()
    refused: bool = False

    def of_version(self, version: str) -> tuple[DistributionPackage, ...]:
        """The files of a version; those without a valid name are of none."""
        return self._versions.get(Version(version), ())

    @cached_property
    def _versions(self) -> dict[Version, tuple[DistributionPackage, ...]]:
        versions: dict[Version, list[DistributionPackage]] = {}
        for file in self.files:
            if version := _version_of(file):
                versions.setdefault(version, []).append(file)
        return {version: tuple(files) for version, files in versions.items()}

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

    Raises NotAnIndexPageError if it is a different web page, or an error of pypi_simple.
    """
    listed = [_named_by_url(file) for file in ProjectPage.from_response(response, project).packages]
    if not any(file.package_type for file in listed) and not _is_empty_list(response, project):
        raise NotAnIndexPageError(response=response)
    return Page(tuple(file for file in listed if file.package_type in {"wheel", "sdist"}))


def _version_of(file: DistributionPackage) -> Version | None:
    """The version in a file's name; None if the name is invalid."""
    try:
        parse = parse_sdist_filename if file.package_type == "sdist" else parse_wheel_filename
        return parse(file.filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def _is_empty_list(response: requests.Response, project: str) -> bool:
    """Whether an answer without package files is the page of a project that has none.

    Login pages, proxies and maintenance pages answer 200 with HTML too.
    """
    if response.headers.get("Content-Type", "").strip().lower().startswith("application/vnd.pypi.simple."):
        return True
    text = response.content.decode(errors="replace")
    title = _TITLE.search(text)
    if title and canonicalize_name(title["project"] or project) == canonicalize_name(project):
        return True
    return bool(_VERSION.search(text)) or bool(text.strip() and not _BLANK.sub("", text))


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
