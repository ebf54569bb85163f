"""A small database for trivy, in its own format (schema 2), with fake advisories."""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support.bolt import bolt

DEBIAN, PIP = "debian 12", "pip::GitHub Security Advisory Pip"
_SOURCES = {DEBIAN: "debian", PIP: "ghsa"}
_SEVERITIES = ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL")


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """An advisory of a Debian or a Python package.

    Attributes:
        id: its id, such as CVE-2026-0001.
        package: the package.
        severity: its severity.
        fixed: the version that fixes it, or empty.
        aliases: other ids.
        source: DEBIAN or PIP.
    """

    id: str
    package: str
    severity: str
    fixed: str = ""
    aliases: tuple[str, ...] = ()
    source: str = PIP

    @property
    def body(self) -> dict[str, Any]:
        if self.source == DEBIAN:
            return {"FixedVersion": self.fixed} if self.fixed else {"Status": 2}
        return {
            "VendorIDs": list(self.aliases),
            "VulnerableVersions": [f"<{self.fixed}" if self.fixed else ">=0"],
            "PatchedVersions": [self.fixed] if self.fixed else [],
        }


def write(folder: Path, advisories: Iterable[Advisory], *, schema: int = 2, age: timedelta = timedelta()) -> Path:
    """Write a trivy cache with a database of these advisories and this age, and return its folder."""
    known = list(advisories)
    packages: dict[str, dict[str, dict[str, bytes]]] = {source: {} for source in _SOURCES}
    for advisory in known:
        packages[advisory.source].setdefault(advisory.package, {})[advisory.id] = _json(advisory.body)
    described = {advisory.id: _json(_description(advisory)) for advisory in known}
    sources = {source: _json({"ID": name, "Name": "made up", "URL": ""}) for source, name in _SOURCES.items()}
    made = datetime.now(UTC) - age
    due = made + timedelta(days=1)
    metadata = {"Version": schema, "NextUpdate": due.isoformat(), "UpdatedAt": made.isoformat()}
    (folder / "db").mkdir(parents=True, exist_ok=True)
    (folder / "db" / "trivy.db").write_bytes(bolt({**packages, "vulnerability": described, "data-source": sources}))
    (folder / "db" / "metadata.json").write_bytes(_json({**metadata, "DownloadedAt": made.isoformat()}))
    return folder


@contextmanager
def serving(cache: Path, paths: list[str]) -> Iterator[str]:
    """Serve a cache's database from a registry on loopback, in the form that trivy downloads, and yield its name.

    The paths of the requests are added to `paths`.
    """
    contents = _artifact(cache)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            kind, body = contents.get(self.path.rpartition("/")[2], ("text/plain", b""))
            self.send_response(200 if body or self.path == "/v2/" else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}/made-up/trivy-db:2"
        server.shutdown()
        thread.join()


def _artifact(cache: Path) -> dict[str, tuple[str, bytes]]:
    """Return a manifest by its tag and its blobs by their digests, each with its media type."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("trivy.db", "metadata.json"):
            archive.add(cache / "db" / name, name)
    layer = _blob(packed.getvalue(), "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip")
    layer["annotations"] = {"org.opencontainers.image.title": "db.tar.gz"}
    config = _blob(b"{}", "application/vnd.aquasec.trivy.config.v1+json")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = _json({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]})
    return {
        "2": (kind, manifest),
        config["digest"]: (config["mediaType"], b"{}"),
        layer["digest"]: (layer["mediaType"], packed.getvalue()),
    }


def _blob(data: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{sha256(data).hexdigest()}", "size": len(data)}


def _description(advisory: Advisory) -> dict[str, Any]:
    rating = _SEVERITIES.index(advisory.severity)
    vendors = {_SOURCES[advisory.source]: rating} if rating else {}
    return {"Title": f"made up for {advisory.package}", "Severity": advisory.severity, "VendorSeverity": vendors}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode()
