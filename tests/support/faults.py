"""A proxy in front of a registry that injects faults: it answers 500 or 429, hangs, or runs code before a request.

It can also add the referrers API, which Debian's docker-registry does not have.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import requests

from raydock.core.models import plain
from raydock.registry.manifest import OCI_INDEX, OCI_MANIFEST, Manifest
from tests.support.index import Server

_TOO_LARGE = b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n</html>\r\n"
_OWN = {"connection", "transfer-encoding", "content-encoding", "keep-alive"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of a front in place of the registry's.

    Attributes:
        code: the HTTP status.
        headers: the HTTP headers.
        body: the body.
    """

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(kw_only=True)
class Front:
    """A proxy in front of a registry.

    Attributes:
        behind: the address of the registry.
        address: the address of the front.
        fault: called with the method and path of each request. None forwards the request; an Answer, or a status (with
            `headers` and `body`), is returned instead. The function may also hang or end a process.
        largest: larger bodies, in bytes, are refused as nginx does; None for no limit.
        headers: the headers of answers with only a status.
        body: the body of answers with only a status.
        requests: method and path of the requests so far.
        authorizations: the Authorization header of each request.
        referrers: what is attached to each digest, for the referrers API (OCI distribution specification 1.1); None
            if the registry does not have that API.
    """

    behind: str
    address: str = ""
    fault: Callable[[str, str], Answer | int | None] = field(default=lambda _method, _path: None)
    largest: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    requests: list[tuple[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    referrers: dict[str, list[dict[str, Any]]] | None = None

    def attached(self, path: str) -> bytes | None:
        """Return the answer of the referrers API; None for other paths, and if the registry does not have that API."""
        _, _, digest = path.partition("/referrers/")
        if self.referrers is None or not digest:
            return None
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.referrers.get(digest, [])}
        return json.dumps(index).encode()

    def attach(self, data: bytes) -> dict[str, str]:
        """Store the subject of a manifest and return the header that confirms it."""
        manifest = Manifest(media_type=OCI_MANIFEST, data=data)
        if self.referrers is None or "subject" not in manifest.document:
            return {}
        subject = str(manifest.document["subject"]["digest"])
        more = {"artifactType": manifest.document["artifactType"]}
        self.referrers.setdefault(subject, []).append(plain(manifest.descriptor) | more)
        return {"OCI-Subject": subject}

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that change something."""
        return [(method, path) for method, path in self.requests if method not in {"GET", "HEAD"}]


@contextmanager
def front(behind: str) -> Iterator[Front]:
    """Run a front for the registry at `behind` (host:port, plain HTTP)."""
    proxy = Front(behind=behind)
    server = Server(("127.0.0.1", 0), _handler(proxy))
    proxy.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def _handler(proxy: Front) -> type[BaseHTTPRequestHandler]:
    local = threading.local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Engines with containerd's store detect plain HTTP by an answer to a TLS handshake that begins with HTTP/.
        default_request_version = "HTTP/1.1"
        # Otherwise each answer waits for the client's delayed acknowledgement.
        disable_nagle_algorithm = True

        def _any(self) -> None:
            data = self._body()
            proxy.requests.append((self.command, self.path))
            proxy.authorizations.append(self.headers.get("Authorization", ""))
            if proxy.largest is not None and len(data) > proxy.largest:
                self._send(413, {"Content-Type": "text/html"}, _TOO_LARGE)
                return
            answer = proxy.fault(self.command, self.path)
            if isinstance(answer, int):
                answer = Answer(code=answer, headers=proxy.headers, body=proxy.body)
            if answer is not None:
                self._send(answer.code, answer.headers, answer.body)
                return
            if (index := proxy.attached(self.path)) is not None:
                self._send(200, {"Content-Type": OCI_INDEX}, index)
                return
            if not hasattr(local, "session"):
                local.session = requests.Session()
            passed = local.session.request(
                self.command,
                f"http://{proxy.behind}{self.path}",
                headers={**self.headers, "Accept-Encoding": "identity"},
                data=data,
                allow_redirects=False,
                timeout=60,
            )
            put = self.command == "PUT" and "/manifests/" in self.path and passed.ok
            self._send(passed.status_code, {**passed.headers, **(proxy.attach(data) if put else {})}, passed.content)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            del self.headers["Transfer-Encoding"]
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _send(self, code: int, headers: Mapping[str, str], body: bytes) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send_response_only(code)
                kept = {key: value for key, value in headers.items() if key.lower() not in _OWN}
                if self.command != "HEAD":
                    kept = {key: value for key, value in kept.items() if key.lower() != "content-length"}
                    kept["Content-Length"] = str(len(body))
                for key, value in kept.items():
                    self.send_header(key, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler
