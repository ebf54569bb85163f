"""A server in front of a registry that answers 500 or 429, hangs, or tells of each request before it goes on.

It can also stand for a registry that has the referrers API, which Debian's docker-registry lacks.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import requests

from raydock.registry.manifest import OCI_INDEX, OCI_MANIFEST, Manifest
from tests.support.index import Server

_TOO_LARGE = b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n</html>\r\n"
_OWN = {"connection", "transfer-encoding", "content-encoding", "keep-alive"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a front answers in the registry's place."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(kw_only=True)
class Front:
    """What is in front of a registry at `behind`.

    `fault` is called before each request, with its method and path: None lets it through, an Answer or a number (with
    `headers` and `body`) is answered in the registry's place, and a function may also hang or end a process. Bodies of
    more than `largest` bytes are refused as nginx does. `asked` are the requests so far, and `authorizations` the
    header of that name of each. `referrers` is what is attached to each digest, if the registry is to have that API
    (OCI distribution specification 1.1); None if it is not.
    """

    behind: str
    address: str = ""
    fault: Callable[[str, str], Answer | int | None] = field(default=lambda _method, _path: None)
    largest: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    asked: list[tuple[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    referrers: dict[str, list[dict[str, Any]]] | None = None

    def attached(self, path: str) -> bytes | None:
        """The answer of the referrers API; None for any other path, and where there is no such API."""
        _, _, digest = path.partition("/referrers/")
        if self.referrers is None or not digest:
            return None
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": self.referrers.get(digest, [])}
        return json.dumps(index).encode()

    def attach(self, data: bytes) -> dict[str, str]:
        """Keeps what a manifest is attached to; returns the header that says so."""
        manifest = Manifest(media_type=OCI_MANIFEST, data=data)
        if self.referrers is None or "subject" not in manifest.document:
            return {}
        subject = str(manifest.document["subject"]["digest"])
        more = {"artifactType": manifest.document["artifactType"]}
        self.referrers.setdefault(subject, []).append(manifest.descriptor.document | more)
        return {"OCI-Subject": subject}

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that change something."""
        return [(method, path) for method, path in self.asked if method not in {"GET", "HEAD"}]


@contextmanager
def front(behind: str) -> Iterator[Front]:
    """A front of its own address for the registry at `behind` (host:port, plain HTTP)."""
    found = Front(behind=behind)
    server = Server(("127.0.0.1", 0), _handler(found))
    found.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def _handler(found: Front) -> type[BaseHTTPRequestHandler]:
    local = threading.local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The answer to a TLS handshake begins with HTTP/, by which engines with containerd's store know plain HTTP.
        default_request_version = "HTTP/1.1"
        # Without it each answer waits for the other side's delayed acknowledgement.
        disable_nagle_algorithm = True

        def _any(self) -> None:
            data = self._body()
            found.asked.append((self.command, self.path))
            found.authorizations.append(self.headers.get("Authorization", ""))
            if found.largest is not None and len(data) > found.largest:
                self._say(413, {"Content-Type": "text/html"}, _TOO_LARGE)
                return
            answer = found.fault(self.command, self.path)
            if isinstance(answer, int):
                answer = Answer(code=answer, headers=found.headers, body=found.body)
            if answer is not None:
                self._say(answer.code, answer.headers, answer.body)
                return
            if (index := found.attached(self.path)) is not None:
                self._say(200, {"Content-Type": OCI_INDEX}, index)
                return
            if not hasattr(local, "session"):
                local.session = requests.Session()
            passed = local.session.request(
                self.command,
                f"http://{found.behind}{self.path}",
                headers={**self.headers, "Accept-Encoding": "identity"},
                data=data,
                allow_redirects=False,
                timeout=60,
            )
            put = self.command == "PUT" and "/manifests/" in self.path and passed.ok
            self._say(passed.status_code, {**passed.headers, **(found.attach(data) if put else {})}, passed.content)

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

        def _say(self, code: int, headers: Mapping[str, str], body: bytes) -> None:
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
