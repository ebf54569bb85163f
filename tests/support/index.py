"""A package index on loopback.

It has PEP 691 pages, range requests, PEP 658 metadata, the advisories of the JSON API, and faults that a test can set.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote, unquote

from tests.support.wheels import metadata, wheel


@dataclass
class Site:
    """The content of the index and its faults.

    Attributes:
        files: files by name.
        pages: entries of files by project.
        advisories: answers of the JSON API by release, such as "jinja2/2.0".
        statuses: statuses of the next requests, in order.
        status: the status of every request; 0 for none.
        ranges: whether range requests are supported.
        page: the page of every project, or None.
        hang: answers wait until this event is set.
        hang_on: only paths that contain this text wait.
        html: whether pages are plain PEP 503, as in PyTorch's index: without upload times, sizes and metadata.
        unknown: the status for unknown projects and files.
        login: USER:PASSWORD that each request must have, otherwise 401.
        moved: the root of a different site to which pages and files are redirected.
        headers: headers that are sent with each status.
        text: the text of each link in HTML (default: the file's name); the whole page if it has no files.
        everywhere: the answer to every request with status 200, as content type and body.
        requests: the paths of the requests.
        seen: the headers of each request.
        sent: the bytes of all bodies sent.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    advisories: dict[str, Any] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    status: int = 0
    ranges: bool = True
    page: bytes | None = None
    hang: Event | None = None
    hang_on: str = ""
    html: bool = False
    unknown: int = 404
    login: str = ""
    moved: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    everywhere: tuple[str, str] | None = None
    requests: list[str] = field(default_factory=list)
    seen: list[Mapping[str, str]] = field(default_factory=list)
    sent: int = 0

    def add(self, project: str, filename: str, body: bytes = b"", **extra: Any) -> None:
        """Add a file; `extra` are keys of its entry on the project's page."""
        self.files[filename] = body
        self.pages.setdefault(project, []).append(
            {
                "filename": filename,
                "url": f"/files/{filename}",
                "hashes": {"sha256": sha256(body).hexdigest()},
                "size": len(body),
                "upload-time": "2026-11-04T10:00:00Z",
                "requires-python": ">=3.10",
                **extra,
            }
        )

    def publish(
        self, project: str, version: str, requires: Sequence[str] = (), files: Mapping[str, bytes] | None = None
    ) -> str:
        """Add a wheel for every Python with its metadata file, and return its file name."""
        name = project.replace("-", "_")
        filename, text = f"{name}-{version}-py3-none-any.whl", metadata(project, version, requires)
        self.files[f"{filename}.metadata"] = text
        self.add(
            project,
            filename,
            wheel(name, version, requires, files),
            **{"core-metadata": {"sha256": sha256(text).hexdigest()}},
        )
        return filename

    def wait_for(self, part: str, seconds: float = 60) -> None:
        """Wait until a path that contains `part` is requested. Raises TimeoutError after `seconds`."""
        end = monotonic() + seconds
        while not any(part in path for path in self.requests):
            if monotonic() > end:
                raise TimeoutError(f"{part} was not requested; requested: {self.requests}")
            sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise each answer waits for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    site: Site

    def do_GET(self) -> None:
        self.site.requests.append(self.path)
        self.site.seen.append(dict(self.headers))
        if self.site.hang and self.site.hang_on in self.path:
            self.site.hang.wait(300)
        status = self.site.statuses.pop(0) if self.site.statuses else self.site.status
        if status:
            self._answer(status, b"", self.site.headers)
        elif not self._is_authorized():
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        elif self.site.everywhere:
            kind, text = self.site.everywhere
            self._answer(200, text.encode(), {"Content-Type": kind} if kind else {})
        elif self.site.moved:
            self._answer(302, b"", {"Location": f"{self.site.moved}{self.path}"})
        elif self.path.startswith("/simple/"):
            self._page(self.path.split("/")[2])
        elif self.path.startswith("/pypi/"):
            self._advisories(self.path.removeprefix("/pypi/").removesuffix("/json"))
        else:
            self._file(unquote(self.path.removeprefix("/files/")))

    def do_HEAD(self) -> None:
        self.do_GET()

    def _is_authorized(self) -> bool:
        expected = f"Basic {b64encode(self.site.login.encode()).decode()}"
        return not self.site.login or self.headers.get("Authorization") == expected

    def _page(self, project: str) -> None:
        if project not in self.site.pages:
            self._answer(self.site.unknown, b"<Error>AccessDenied</Error>")
            return
        if self.site.html:
            links = (_link(file, self.site.text) for file in self.site.pages[project])
            body = ("".join(links) or self.site.text).encode()
            self._answer(200, b"<!DOCTYPE html><html><body>" + body + b"</body></html>", {"Content-Type": "text/html"})
            return
        page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": self.site.pages[project]}
        body = json.dumps(page).encode() if self.site.page is None else self.site.page
        self._answer(200, body, {"Content-Type": "application/vnd.pypi.simple.v1+json"})

    def _advisories(self, release: str) -> None:
        known = self.site.advisories.get(release)
        self._answer(404 if known is None else 200, b"" if known is None else json.dumps(known).encode())

    def _file(self, name: str) -> None:
        body = self.site.files.get(name)
        if body is None or (self.site.html and name.endswith(".metadata")):
            self._answer(self.site.unknown, b"")
            return
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not match or not self.site.ranges:
            self._answer(200, body)
            return
        start = int(match[1]) if match[1] else max(0, len(body) - int(match[2]))
        end = min(int(match[2]), len(body) - 1) if match[1] and match[2] else len(body) - 1
        self._answer(206, body[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(body)}"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            self.site.sent += len(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _link(file: dict[str, Any], text: str) -> str:
    """Return a link as in a page of PyTorch's index: the address is encoded, the text is not."""
    address = f"{quote(file['url'], safe=':/')}#sha256={file['hashes']['sha256']}"
    python = escape(file["requires-python"])
    return f'<a href="{address}" data-requires-python="{python}">{text or file["filename"]}</a><br/>'


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # If the queue is full, the client's kernel retries a connection only after a second.
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Ignore errors: clients that disconnect are part of these tests."""


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """Serve a site and yield its address."""
    handler = type("SiteHandler", (Handler,), {"site": site})
    server = Server(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple/"
    finally:
        if site.hang:
            site.hang.set()
        server.shutdown()
        thread.join()
        server.server_close()
