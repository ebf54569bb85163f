"""The SDK, docker buildx and trivy use one engine by TLS, contexts and ssh, and its own builder."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
import trustme
from docker.errors import ImageNotFound

from raydock.core.errors import ExitCode
from raydock.engine.dockerconfig import resolve
from raydock.engine.endpoint import VARIABLES
from raydock.scan.trivy import Trivy, find
from tests.support.engine import SpareEngine, spare_engine
from tests.support.hosts import Host
from tests.support.sshd import sshd
from tests.support.toy import NAMES, Toy

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """A second engine with endpoints for a socket, TLS and ssh.

    Attributes:
        engine: the engine.
        tcp: its address for TLS.
        pem: the folder with certificates.
        ssh: its address for ssh.
        folder: a Docker configuration with contexts for it.
        environment: variables for commands.
    """

    engine: SpareEngine
    tcp: str
    pem: Path
    ssh: str
    folder: Path
    environment: dict[str, str]

    def named(self, way: str) -> tuple[dict[str, str], str]:
        """Return the variables that select the engine in a way, and how raydock describes the endpoint."""
        certificates = {"DOCKER_CERT_PATH": str(self.pem), "DOCKER_TLS_VERIFY": "1"}
        return {
            "variables": ({"DOCKER_HOST": self.tcp, **certificates}, f"{self.tcp} (DOCKER_HOST)"),
            "context": ({"DOCKER_CONTEXT": "secure"}, f"{self.tcp} (DOCKER_CONTEXT 'secure')"),
            "ssh": ({"DOCKER_HOST": self.ssh}, f"{self.ssh} (DOCKER_HOST)"),
            "ssh-context": ({"DOCKER_CONTEXT": "far"}, f"{self.ssh} (DOCKER_CONTEXT 'far')"),
            "unix-context": ({"DOCKER_CONTEXT": "near"}, f"{self.engine.host} (DOCKER_CONTEXT 'near')"),
        }[way]


@pytest.fixture(scope="module")
def endpoints(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    folder = tmp_path_factory.mktemp("places")
    pem = _certificates(folder / "pem")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with spare_engine(client, tmp_path_factory.mktemp("engine")) as engine:
        engine.stop()
        server_files = (f"--tlscacert={pem}/ca.pem", f"--tlscert={pem}/server.pem", f"--tlskey={pem}/server-key.pem")
        engine.options += (f"--host=tcp://127.0.0.1:{port}", "--tlsverify", *server_files)
        engine.start()
        engine.load(client.images.get(base).save(named=base))
        with sshd(Host(address="127.0.0.1", engine=engine), folder / "sshd", _free()) as host:
            tcp, far = f"tcp://127.0.0.1:{port}", f"{host.url}{engine.host.removeprefix('unix://')}"
            config = folder / "docker"
            config.mkdir()
            secure = f"host={tcp},ca={pem}/ca.pem,cert={pem}/cert.pem,key={pem}/key.pem"
            for name, options in {"secure": secure, "far": f"host={far}", "near": f"host={engine.host}"}.items():
                _docker(config, "context", "create", name, "--docker", options)
            more = {"DOCKER_CONFIG": str(config), "NO_PROXY": "127.0.0.1,localhost", **host.environment}
            yield Endpoints(engine=engine, tcp=tcp, pem=pem, ssh=far, folder=config, environment=more)


def _certificates(folder: Path) -> Path:
    """Write a new authority, a certificate for loopback and one for a client."""
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, key, identity in (("server", "server-key", "127.0.0.1"), ("cert", "key", "client.example")):
        issued = authority.issue_cert(identity)
        issued.private_key_pem.write_to_path(folder / f"{key}.pem")
        (folder / f"{name}.pem").write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    return folder


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _sockets() -> set[Path]:
    """Return the folders of forwarded sockets on this machine."""
    return set(Path("/tmp").glob("rd[!-]*"))


def _docker(config: Path, *arguments: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    command = ["docker", *arguments]
    subprocess.run(command, check=True, capture_output=True, env=environment | {"DOCKER_CONFIG": str(config)})


@pytest.mark.parametrize("way", ["variables", "context", "ssh", "ssh-context", "unix-context"])
def test_every_tool_reaches_the_named_engine(
    toy: Toy, client: docker.DockerClient, endpoints: Endpoints, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables, description = endpoints.named(way)
    # A company's authority that did not sign this engine's certificate.
    company = {"REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"}
    before = _sockets()
    done = toy.given(endpoints.environment | company).given(variables).run("build", "-v", "--select", "ray=1.0.0")
    assert done.code == 0, done.summary
    assert "raydock: engine: Docker " in done.err
    assert f", at {description}" in done.err
    assert _sockets() <= before  # the forwarded socket is removed
    tag = f"{toy.registry}:{NAMES[0]}"
    engine = endpoints.engine.client()
    image = engine.images.get(tag)
    with pytest.raises(ImageNotFound):
        client.images.get(tag)
    doctor = toy.given(endpoints.environment).given(variables).run("doctor", "--json")
    [host] = json.loads(doctor.out)["hosts"]
    assert f"; at {description}" in host["checks"][0]["detail"]
    for name, value in {**endpoints.environment, **variables}.items():
        monkeypatch.setenv(name, value)
    if not way.startswith("ssh"):
        trivy = Trivy(program=find(), folder=toy.root / "trivy", endpoint=resolve())
        document, _ = trivy.image(image.id, None, toy.root / "trivy.log")
        assert document["Metadata"]["ImageID"]
    engine.images.remove(tag, force=True)
    engine.close()


def test_a_different_builder_in_use_is_named_and_not_used(
    toy: Toy, client: docker.DockerClient, endpoints: Endpoints
) -> None:
    for name, driver in {"mine": ("docker-container",), "far": ("remote", "tcp://127.0.0.1:1")}.items():
        _docker(endpoints.folder, "buildx", "create", "--name", f"builder-{name}", "--driver", *driver)
    given = toy.given({"DOCKER_CONFIG": str(endpoints.folder)})
    line = "is configured; raydock builds with the engine's own builder"
    for name in ("mine", "far"):
        _docker(endpoints.folder, "buildx", "use", f"builder-{name}")
        done = given.run("build", "--select", "ray=1.0.0")
        assert done.code == 0, done.summary
        assert done.err.count(f"the buildx builder 'builder-{name}' (`docker buildx use`) {line}") == 1
        done = given.run("build", "--select", "ray=2.0.0", BUILDX_BUILDER=f"builder-{name}")
        assert done.code == 0, done.summary
        assert done.err.count(f"the buildx builder 'builder-{name}' (BUILDX_BUILDER) {line}") == 1
    _docker(endpoints.folder, "buildx", "use", "default")
    done = given.run("build", "--no-cache")
    assert done.code == 0, done.summary
    assert line not in done.err
    assert all(client.images.get(f"{toy.registry}:{name}") for name in NAMES)


def test_wrong_certificates(toy: Toy, endpoints: Endpoints, tmp_path: Path) -> None:
    wrong = _certificates(tmp_path / "pem")
    given = {"DOCKER_HOST": endpoints.tcp, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(wrong)}
    done = toy.given(given).run("clean")
    assert done.code == ExitCode.OUT_OF_REACH
    assert f"the Docker engine at {endpoints.tcp} (DOCKER_HOST) refuses the connection: " in done.err
    assert "Next: compare the certificates" in done.err
    done = toy.run("clean", DOCKER_HOST=endpoints.tcp)
    assert done.code == ExitCode.OUT_OF_REACH
    assert "it uses TLS, and raydock has no certificates" in done.err


def test_a_user_without_permission_gets_the_name_of_the_group(endpoints: Endpoints) -> None:
    script = (
        "import os, sys; from raydock.engine.client import connect; from raydock.core.errors import RaydockError\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: connect()\nexcept RaydockError as error: print(error); sys.exit(error.exit_code)"
    )
    path = Path(endpoints.engine.host.removeprefix("unix://"))
    os.chown(path, 0, 1)  # the group daemon, which exists on every Debian
    for folder in path.parents:
        if folder.stat().st_uid == 0 and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    environment = {"DOCKER_HOST": endpoints.engine.host, "DOCKER_CONFIG": "/nonexistent"}
    command = [str(Path(".venv/bin/python")), "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.OUT_OF_REACH, done.stderr
    assert f"this user cannot use the Docker engine's socket {path} (DOCKER_HOST): permission denied." in done.stdout
    assert "Next: `sudo usermod -aG daemon $USER`" in done.stdout
