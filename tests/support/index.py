"""A package index on loopback: PEP 691 pages, range requests, PEP 658 metadata, the JSON API's advisories, and faults
to switch on."""

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
    """What the server says: pages by project, files by name, and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    pages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    advisories: dict[str, Any] = field(default_factory=dict)  # the JSON API's answers, by release, as "jinja2/2.0"
    statuses: list[int] = field(default_factory=list)  # given to the next requests, first to last
    status: int = 0  # given to every request
    ranges: bool = True
    page: bytes | None = None  # given for every project
    hang: Event | None = None  # answers wait until it is set
    hang_on: str = ""  # only those of paths with this in them
    html: bool = False  # plain PEP 503 pages, as PyTorch's index has them: no upload times, sizes or metadata
    unknown: int = 404  # given for projects and files that it does not have
    login: str = ""  # USER:PASSWORD that each request must have; else 401
    moved: str = ""  # pages and files are elsewhere: the address of a different site's root
    headers: dict[str, str] = field(default_factory=dict)  # sent with each status
    text: str = ""  # of each link in HTML, else the file's name; alone on a page without files
    asked: list[str] = field(default_factory=list)
    seen: list[Mapping[str, str]] = field(default_factory=list)  # the headers of each request
    sent: int = 0

    def add(self, project: str, filename: str, body: bytes = b"", **extra: Any) -> None:
        """Offers a file; `extra` goes to its entry on the project's page."""
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
        """Offers a wheel for every Python, with its metadata beside it; returns its file name."""
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
        """Returns once a path with `part` in it was asked for; raises TimeoutError after `seconds`."""
        end = monotonic() + seconds
        while not any(part in path for path in self.asked):
            if monotonic() > end:
                raise TimeoutError(f"nobody asked for {part}; asked: {self.asked}")
            sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it each answer waits for the other side's delayed acknowledgement.
    disable_nagle_algorithm = True
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        self.site.seen.append(dict(self.headers))
        if self.site.hang and self.site.hang_on in self.path:
            self.site.hang.wait(300)
        status = self.site.statuses.pop(0) if self.site.statuses else self.site.status
        if status:
            self._answer(status, b"", self.site.headers)
        elif not self._known():
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
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

    def _known(self) -> bool:
        wanted = f"Basic {b64encode(self.site.login.encode()).decode()}"
        return not self.site.login or self.headers.get("Authorization") == wanted

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
    """A file in a page of PyTorch's index: the address is encoded, the text is not."""
    address = f"{quote(file['url'], safe=':/')}#sha256={file['hashes']['sha256']}"
    python = escape(file["requires-python"])
    return f'<a href="{address}" data-requires-python="{python}">{text or file["filename"]}</a><br/>'


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # A connection beyond those that wait is tried again by its kernel only after a second.
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that went away is what these tests are about."""


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The address under which a site is served meanwhile."""
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
