"""Serve /srv/<host>/ for requests to that host, over HTTP and, with the certificate in /srv, over TLS."""

import ssl
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path("/srv")


class Handler(SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        self.directory = str(ROOT / self.headers["Host"].split(":")[0])
        return super().translate_path(path)


plain, secure = (ThreadingHTTPServer(("", port), partial(Handler, directory=str(ROOT))) for port in (80, 443))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(ROOT / "tls.crt", ROOT / "tls.key")
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=plain.serve_forever).start()
secure.serve_forever()
