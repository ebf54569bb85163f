"""A package index on loopback that gives resolvers what raydock's own client reads.

So uv and pip see the same packages as raydock, whatever the real index answers: HTML or JSON, with upload times or
without, 403 for what it does not have, redirects, credentials, waiting. A file without an upload time gets one before
any cut-off day, and every wheel has its metadata next to it, so that no resolver downloads a wheel.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name
from pypi_simple import DistributionPackage

from raydock.index.client import Index
from raydock.index.pages import Pages

_JSON = "application/vnd.pypi.simple.v1+json"
_CHUNK = 1 << 20


@dataclass
class LocalIndex:
    """Some indexes. `errors` are those met while answering, of which the first is the cause: of the real indexes, or
    raydock's own."""

    pages: Pages
    indexes: Sequence[Index]
    errors: list[Exception] = field(default_factory=list)
    port: int = 0
    # A path that no other user of this machine can guess: what is served may need credentials.
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)

    @property
    def urls(self) -> tuple[str, ...]:
        """The address of each index."""
        return tuple(f"http://127.0.0.1:{self.port}/{self.token}/{number}/" for number in range(len(self.indexes)))

    def file(self, index: Index, project: str, name: str) -> DistributionPackage | None:
        """A file that an index lists."""
        return next((file for file in self.pages.page(index, project).files if file.filename == name), None)


@contextmanager
def serving(pages: Pages, also: Sequence[Index]) -> Iterator[LocalIndex]:
    """Serves the default index and others."""
    site = LocalIndex(pages=pages, indexes=(pages.index, *also))
    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site})) as server:
        site.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # A connection that the queue has no place for is only tried again by its kernel after a second.
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A resolver that has ended."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it, each answer waits for the other side's delayed acknowledgement.
    disable_nagle_algorithm = True
    site: LocalIndex

    def do_GET(self) -> None:
        """Answers for a page, for a wheel's metadata or for a file."""
        try:
            if self.site.errors or not self._answered():
                self._answer(HTTPStatus.NOT_FOUND, b"")
        except ConnectionError:
            raise  # the resolver has ended
        except Exception as error:  # whoever started the resolver raises it
            self.site.errors.append(error)
            self._answer(HTTPStatus.NOT_FOUND, b"")

    def do_HEAD(self) -> None:
        """The same, without the body."""
        self.do_GET()

    def _answered(self) -> bool:
        token, number, project, *rest = [*unquote(self.path).strip("/").split("/"), "", "", ""]
        if token != self.site.token or not number.isdecimal() or int(number) >= len(self.site.indexes):
            return False
        index, name = self.site.indexes[int(number)], rest[0]
        if not name:
            page = self.site.pages.page(index, canonicalize_name(project)) if project else None
            return page is not None and bool(page.files) and self._answer(HTTPStatus.OK, page.json, _JSON)
        file = self.site.file(index, project, name.removesuffix(".metadata"))
        if file is None:
            return False
        if name.endswith(".metadata"):
            return self._answer(HTTPStatus.OK, self.site.pages.metadata(index, file))
        with TemporaryFile() as whole:
            index.download(file, whole)
            return self._send(whole)

    def _send(self, whole: IO[bytes]) -> bool:
        self._head(HTTPStatus.OK, whole.tell(), "application/octet-stream")
        whole.seek(0)
        while self.command != "HEAD" and (chunk := whole.read(_CHUNK)):
            self.wfile.write(chunk)
        return True

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "application/octet-stream") -> bool:
        self._head(status, len(body), kind)
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def _head(self, status: HTTPStatus, size: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.send_header("Cache-Control", "no-store")  # the next resolution has a different address
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: raydock's own client reports what matters."""
