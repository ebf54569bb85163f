"""Replacement of the internet in the test network: archives that samples download by URL, and a package index."""

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from raydock.core.archive import tar
from tests.support.kuberay.manifest import Manifest
from tests.support.kuberay.node import Admission, Node
from tests.support.kuberay.objects import Container, Pod

_STANDIN = Path(__file__).parent / "standin"
_ARCHIVE = re.compile(r"https://(?P<path>github\.com/[^/\s]+/(?P<repository>[^/\s]+)/archive/(?P<commit>\w+)\.zip)")
_CERTIFICATE = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=github.com"
_CERTIFICATE += " -addext subjectAltName=DNS:github.com -keyout /srv/tls.key -out /srv/tls.crt"


def serve(node: Node, manifest: Manifest, image: str, wheels: Iterable[Path]) -> None:
    """Serve a manifest's archives and these wheels, and configure every later pod to trust and use them.

    The archives contain code of this folder instead of the content of the URL. Skips the test if it has no such code.
    """
    files = {**_archives(manifest), **_index(wheels), "server.py": (_STANDIN / "server.py").read_bytes()}
    container = Container(name="web", image=image)
    sandbox = node.sandbox(
        Pod(name="web", namespace="web", labels={}, containers=(container,)), ("github.com", "index")
    )
    assert sandbox.put_archive("/srv", tar(files))
    code, output = sandbox.exec_run(_CERTIFICATE.split())
    assert code == 0, output
    _, certificate = sandbox.exec_run(["cat", "/srv/tls.crt"])
    sandbox.exec_run(["python", "/srv/server.py"], detach=True)
    trusted = f"{Admission.folder}/ca.crt"
    index = {"PIP_INDEX_URL": "http://index/simple", "PIP_TRUSTED_HOST": "index"}
    environment = {"REQUESTS_CA_BUNDLE": trusted, "SSL_CERT_FILE": trusted, **index}
    node.admission = Admission(environment=environment, files={"ca.crt": certificate.decode()})


def wheels_of(requirements: list[str], folder: Path) -> list[Path]:
    """Download the wheels of requirements and their dependencies. Skips the test if the index does not have them."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder), *requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no index has {', '.join(requirements)} on this machine: {done.stderr.strip()[-300:]}")
    return sorted(folder.glob("*.whl"))


def _archives(manifest: Manifest) -> dict[str, bytes]:
    archives = {}
    for match in _ARCHIVE.finditer(str(manifest.resource)):
        folder = _STANDIN / match["repository"]
        if not folder.is_dir():
            pytest.skip(f"{match[0]} cannot be downloaded here, and has no replacement")
        archives[match["path"]] = _zip(folder, f"{match['repository']}-{match['commit']}")
    return archives


def _zip(folder: Path, top: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*.py")):
            archive.write(path, f"{top}/{path.relative_to(folder)}")
    return buffer.getvalue()


def _index(wheels: Iterable[Path]) -> dict[str, bytes]:
    projects = {path: path.name.split("-")[0].lower().replace("_", "-").replace(".", "-") for path in wheels}
    return {f"index/simple/{project}/{path.name}": path.read_bytes() for path, project in projects.items()}
