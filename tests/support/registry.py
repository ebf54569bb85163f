"""Debian's docker-registry as a process on loopback, optionally with TLS, a password, read-only or on a small disk."""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml

from raydock.core.errors import OutOfReachError

PACKAGE = "docker-registry"
PASSWORD = "n0b0dy-kn0ws"
# The user ray with PASSWORD, by perl's crypt, cost 5.
HTPASSWD = "ray:$2y$05$abcdefghijklmnopqrstuunkoesjI7PYJ.4IdDjTiJjeAVj1E2s2a"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A running registry.

    Attributes:
        address: its host and port.
        storage: the folder with its data.
    """

    address: str
    storage: Path

    @property
    def bytes(self) -> int:
        """The size of its data in bytes."""
        return sum(path.stat().st_size for path in self.storage.rglob("data") if path.is_file())


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Access restrictions of a registry.

    Attributes:
        certificate: the certificate for TLS; None for plain HTTP.
        key: the key of the certificate.
        htpasswd: the file of users and passwords; None for no login.
        read_only: whether it refuses writes.
    """

    certificate: Path | None = None
    key: Path | None = None
    htpasswd: Path | None = None
    read_only: bool = False


@contextmanager
def registry(folder: Path, tools: Path, guard: Guard = Guard()) -> Iterator[Registry]:
    """Run a registry whose storage, configuration and log are in `folder`.

    Raises OutOfReachError if docker-registry is not on PATH and apt cannot download it into `tools`.
    """
    storage = folder / "registry"
    storage.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "registry.yml"
    config.write_text(yaml.safe_dump(_config(storage, address, guard)), encoding="utf-8")
    log = (folder / "registry.log").open("ab")
    process = subprocess.Popen([program(tools), "serve", str(config)], stdout=log, stderr=log)
    try:
        _await(address, guard, process)
        yield Registry(address=address, storage=storage)
    finally:
        process.terminate()
        process.wait()
        log.close()


@contextmanager
def referrers_registry(tools: Path) -> Iterator[str]:
    """Run a registry with the referrers API and yield its address: go-containerregistry's, in memory, built by go.

    Skips the test if go is not installed, or its modules cannot be downloaded.
    """
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not on PATH, which builds the registry with the referrers API")
    built = tools / "referrers-registry"
    command = [go, "build", "-o", str(built.resolve()), "."]
    done = subprocess.run(command, cwd=Path(__file__).parent / "referrers", capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"go cannot build the registry with the referrers API: {done.stderr.strip()[-300:]}")
    process = subprocess.Popen([built], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def logged_in(folder: Path, host: str, password: str = PASSWORD) -> None:
    """Write the config.json that `docker login` of the user ray writes."""
    auth = base64.b64encode(f"ray:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a folder on a disk of 1 MB. Skips the test if this user is not root."""
    if os.geteuid():
        pytest.skip("a small disk is a tmpfs, which only root can mount")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _config(storage: Path, address: str, guard: Guard) -> dict[str, object]:
    http: dict[str, object] = {"addr": address}
    if guard.certificate:
        http["tls"] = {"certificate": str(guard.certificate), "key": str(guard.key)}
    auth = {"htpasswd": {"realm": "raydock", "path": str(guard.htpasswd)}} if guard.htpasswd else None
    kept: dict[str, object] = {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}}
    if guard.read_only:
        kept["maintenance"] = {"readonly": {"enabled": True}}
    config = {"version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}}, "storage": kept, "http": http}
    return config | ({"auth": auth} if auth else {})


def _await(address: str, guard: Guard, process: subprocess.Popen[bytes]) -> None:
    scheme = "https" if guard.certificate else "http"
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            answer = requests.get(f"{scheme}://{address}/v2/", timeout=2, verify=str(guard.certificate or "") or True)
        except requests.exceptions.SSLError:
            return
        except requests.RequestException:
            time.sleep(0.02)
        else:
            assert answer.status_code in {200, 401}, answer.text
            return
    raise OutOfReachError(
        f"the registry at {address} did not start.", todo=f"run `{PACKAGE} serve` by hand to see why."
    )


def _downloaded(package: str, folder: str) -> list[Path]:
    subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, capture_output=True, check=False)
    return list(Path(folder).glob("*.deb"))


def _updated() -> bool:
    return subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False).returncode == 0


def program(tools: Path, package: str = PACKAGE) -> str:
    """Return a package's program of the same name: from PATH, or unpacked from Debian's package."""
    unpacked = tools / package
    if installed := shutil.which(package):
        return installed
    if not unpacked.exists():
        tools.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=tools) as name:
            # If apt was never updated on this host, it does not know the package.
            packages = _downloaded(package, name) or (_updated() and _downloaded(package, name))
            if not packages:
                raise OutOfReachError(
                    f"{package} is not installed and cannot be downloaded.",
                    todo=f"`apt-get update`, or install {package}.",
                )
            subprocess.run(["dpkg", "--extract", packages[0], f"{name}/root"], check=True)
            Path(name, "root/usr/bin", package).replace(unpacked)
    return str(unpacked)
