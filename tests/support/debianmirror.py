"""A Debian mirror on loopback: a reverse proxy of the real archive, optionally with a login and TLS."""

import base64
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

import requests

from tests.support.registry import Guard

_CHUNK = 2**16
_FORWARDED = ("Range", "If-Modified-Since", "If-Range")
_RETURNED = ("Content-Length", "Content-Type", "Last-Modified", "Content-Range", "ETag")


@dataclass
class DebianMirror:
    """A mirror of the folders debian and debian-security.

    Attributes:
        upstream: the address of the real archive.
        login: USER:PASSWORD, without which it answers 401; empty for none.
        suites: the suites that it has.
        removed: the names of package files that it no longer has.
        guard: its certificate and key for https; None for http.
        requests: the paths that were served.
        address: its address.
    """

    upstream: str
    login: str = ""
    suites: tuple[str, ...] = ("bookworm", "bookworm-updates", "bookworm-security")
    removed: set[str] = field(default_factory=set)
    guard: Guard | None = None
    requests: list[str] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    mirror: DebianMirror

    def do_GET(self) -> None:
        path = urlsplit(self.path).path  # a client of a proxy sends the whole address
        parts = path.strip("/").split("/")
        expected = f"Basic {base64.b64encode(self.mirror.login.encode()).decode()}"
        if self.mirror.login and self.headers.get("Authorization") != expected:
            return self._refuse(401)
        if parts[0] not in {"debian", "debian-security"} or (
            parts[1] == "dists" and parts[2] not in self.mirror.suites
        ):
            return self._refuse(404)
        if unquote(parts[-1]) in self.mirror.removed:
            return self._refuse(404)
        self.mirror.requests.append(path)
        headers = {name: self.headers[name] for name in _FORWARDED if name in self.headers}
        headers["Accept-Encoding"] = "identity"
        with requests.get(f"{self.mirror.upstream}{path}", headers=headers, stream=True, timeout=60) as answer:
            self.send_response(answer.status_code)
            for name in _RETURNED:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            for chunk in answer.iter_content(_CHUNK):
                self.wfile.write(chunk)
        return None

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="mirror"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


def public_archive() -> str:
    """Return the address of Debian's own archive, which is mmdebstrap's default."""
    hook = '--setup-hook=cat "$1/etc/apt/sources.list" >&2; exit 1'
    command = ["mmdebstrap", "--quiet", "--variant=minbase", hook, "bookworm", "/dev/null"]
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    return printed.split()[1]


@contextmanager
def debian_mirror(**settings: object) -> Iterator[DebianMirror]:
    """Serve a mirror on a free port of loopback."""
    mirror = DebianMirror(upstream=public_archive().removesuffix("/debian"), **settings)  # type: ignore[arg-type]
    handler = type("Handler", (_Handler,), {"mirror": mirror})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    scheme = "http"
    if mirror.guard and mirror.guard.certificate:
        scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(mirror.guard.certificate, mirror.guard.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    mirror.address = f"{scheme}://127.0.0.1:{server.server_address[1]}/debian"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
