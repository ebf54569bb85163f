"""A package index on loopback that serves to resolvers what raydock's own client reads.

So uv and pip see the same packages as raydock, whatever the real index answers: HTML or JSON, with or without upload
times, 403 for missing projects, redirects, requests for credentials or to wait. A file without an upload time gets a
time before any cut-off day. Every wheel has its metadata next to it, so that no resolver downloads a wheel.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from shutil import copyfileobj
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from raydock.index.client import Index
from raydock.index.pages import Pages

_JSON = "application/vnd.pypi.simple.v1+json"
_CHUNK = 1 << 20


@dataclass
class LocalIndex:
    """The indexes that are served.

    Attributes:
        pages: the pages of the real indexes.
        indexes: the real indexes.
        errors: the errors while answering, of the real indexes or raydock's own; the first one is the cause.
        port: the port on loopback.
        token: the first part of every path.
    """

    pages: Pages
    indexes: Sequence[Index]
    errors: list[Exception] = field(default_factory=list)
    port: int = 0
    # Other users of this machine cannot guess it: the real index may require credentials for what is served.
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)

    @property
    def urls(self) -> tuple[str, ...]:
        """The address of each index."""
        return tuple(f"http://127.0.0.1:{self.port}/{self.token}/{number}/" for number in range(len(self.indexes)))


@contextmanager
def serving(pages: Pages, also: Sequence[Index]) -> Iterator[LocalIndex]:
    """Serve the default index and the indexes in `also`."""
    local_index = LocalIndex(pages=pages, indexes=(pages.index, *also))
    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"local_index": local_index})) as server:
        local_index.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield local_index
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # If the queue is full, the kernel tries a connection again only after a second.
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Ignore it: the resolver has ended."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it, each answer waits for the other side's delayed acknowledgement.
    disable_nagle_algorithm = True
    local_index: LocalIndex

    def do_GET(self) -> None:
        """Send a page, a wheel's metadata or a file."""
        try:
            if self.local_index.errors or not self._answer_path():
                self._send(BytesIO(), HTTPStatus.NOT_FOUND)
        except ConnectionError:
            raise  # the resolver has ended
        except Exception as error:  # Resolver._run raises it
            self.local_index.errors.append(error)
            self._send(BytesIO(), HTTPStatus.NOT_FOUND)

    def _answer_path(self) -> bool:
        token, number, project, *rest = [*unquote(self.path).strip("/").split("/"), "", "", ""]
        if token != self.local_index.token or not number.isdecimal() or int(number) >= len(self.local_index.indexes):
            return False
        index, name, pages = self.local_index.indexes[int(number)], rest[0], self.local_index.pages
        if not name:
            page = pages.page(index, canonicalize_name(project)) if project else None
            return page is not None and bool(page.files) and self._send(BytesIO(page.json), kind=_JSON)
        wheel = name.removesuffix(".metadata")
        file = next((file for file in pages.page(index, project).files if file.filename == wheel), None)
        if file is None:
            return False
        if name.endswith(".metadata"):
            return self._send(BytesIO(pages.metadata(index, file)))
        with TemporaryFile() as content:
            index.download(file, content)
            return self._send(content)

    def _send(
        self, content: IO[bytes], status: HTTPStatus = HTTPStatus.OK, kind: str = "application/octet-stream"
    ) -> bool:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(content.seek(0, os.SEEK_END)))
        self.send_header("Cache-Control", "no-store")  # the next resolution has a different address
        self.end_headers()
        content.seek(0)
        copyfileobj(content, self.wfile, _CHUNK)
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: raydock's own client reports problems."""
