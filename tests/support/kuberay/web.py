"""What the test network has in the internet's place: archives that samples fetch by URL, and a package index."""

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
    """Makes a manifest's archives and these wheels reachable, and every later pod trust and ask them.

    The archives hold this folder's own code in place of what the URL names. Skips the test where there is none.
    """
    files = {**_archives(manifest), **_index(wheels), "server.py": (_STANDIN / "server.py").read_bytes()}
    container = Container(name="web", image=image)
    sandbox = node.sandbox(
        Pod(name="web", namespace="web", labels={}, containers=(container,)), ("github.com", "index")
    )
    assert sandbox.put_archive("/srv", tar(files))
    code, said = sandbox.exec_run(_CERTIFICATE.split())
    assert code == 0, said
    _, certificate = sandbox.exec_run(["cat", "/srv/tls.crt"])
    sandbox.exec_run(["python", "/srv/server.py"], detach=True)
    trusted = f"{Admission.folder}/ca.crt"
    asked = {"PIP_INDEX_URL": "http://index/simple", "PIP_TRUSTED_HOST": "index"}
    environment = {"REQUESTS_CA_BUNDLE": trusted, "SSL_CERT_FILE": trusted, **asked}
    node.admission = Admission(environment=environment, files={"ca.crt": certificate.decode()})


def wheels_of(requirements: list[str], folder: Path) -> list[Path]:
    """The wheels of requirements and of all that they need. Skips the test where the index does not give them."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder), *requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no index gives {', '.join(requirements)} on this machine: {done.stderr.strip()[-300:]}")
    return sorted(folder.glob("*.whl"))


def _archives(manifest: Manifest) -> dict[str, bytes]:
    found = {}
    for match in _ARCHIVE.finditer(str(manifest.resource)):
        folder = _STANDIN / match["repository"]
        if not folder.is_dir():
            pytest.skip(f"{match[0]} cannot be fetched here, and nothing stands in for it")
        found[match["path"]] = _zip(folder, f"{match['repository']}-{match['commit']}")
    return found


def _zip(folder: Path, top: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*.py")):
            archive.write(path, f"{top}/{path.relative_to(folder)}")
    return buffer.getvalue()


def _index(wheels: Iterable[Path]) -> dict[str, bytes]:
    projects = {path: path.name.split("-")[0].lower().replace("_", "-").replace(".", "-") for path in wheels}
    return {f"index/simple/{project}/{path.name}": path.read_bytes() for path, project in projects.items()}
