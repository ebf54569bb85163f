"""Images that are transferred to the engine of a different host over ssh: what is sent, what is not, what is pulled."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from raydock.core.events import silent
from raydock.core.processes import Processes
from raydock.engine.client import uses_containerd_store
from raydock.engine.localimage import get_image
from raydock.hosts.engine import open_engine
from raydock.hosts.transfer import TransferMethod, transfer
from raydock.model.variant import parse_name
from raydock.publish.variant_image import VariantImage, of_image
from tests.integration.conftest import remove_images
from tests.integration.hosts.conftest import RemoteHost
from tests.support.engine import spare_engine
from tests.support.index import Site, serving
from tests.support.toy import NAMES, Toy, lock, make

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def remote(two: list[RemoteHost]) -> Iterator[RemoteHost]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in two[0].sshd.environment.items():
            patch.setenv(name, value)
        yield two[0]


@contextmanager
def client_of(remote: RemoteHost) -> Iterator[docker.DockerClient]:
    with open_engine(remote.named, Processes()) as client:
        yield client


def requested(client: docker.DockerClient, registry: str, name: str) -> VariantImage:
    return of_image(parse_name(name), registry, get_image(client, f"{registry}:{name}"))


@pytest.fixture(scope="module")
def toy(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """A toy project with two built variants that differ in their highest layers."""
    site = Site()
    with serving(site) as endpoint:
        project = make(tmp_path_factory.mktemp("transfer") / "toy", site, endpoint)
        lock(project)
        done = project.run("build")
    assert done.code == 0, done.summary
    yield project
    remove_images(client, project)


def test_only_layers_that_the_engine_lacks_are_sent(client: docker.DockerClient, toy: Toy, remote: RemoteHost) -> None:
    first, second = (requested(client, toy.registry, name) for name in NAMES)
    size = sum(len(chunk) for chunk in client.api.get_image(first.tag))
    with client_of(remote) as remote_client:
        before = remote.received()
        whole = transfer(remote_client, first, client, silent)
        assert whole.method is TransferMethod.SENT
        # With containerd's store, an image has a digest in a registry before it is pushed.
        assert whole.remark == "it was never pushed" or uses_containerd_store(client)
        assert abs(whole.sent - size) < 10**5
        assert remote.received() - before > size
        before = remote.received()
        partial = transfer(remote_client, second, client, silent)
        assert partial.method is TransferMethod.SENT
        received = remote.received() - before
        print(f"whole {whole.sent} bytes, partial {partial.sent} bytes, {received} over the wire")
        assert partial.sent < received < size / 50
        assert get_image(remote_client, second.tag).is_same(get_image(client, second.tag))
        output = remote_client.containers.run(
            second.tag, ["python", "-c", "import toylib; print(toylib.TOKEN)"], remove=True, network="none"
        )
        assert output.decode().strip() == toy.token
        before = remote.received()
        assert transfer(remote_client, second, client, silent).method is TransferMethod.PRESENT
        assert remote.received() - before < 10**5


def test_an_engine_with_containerds_image_store_sends_and_loads_without_shared_layers_too(
    client: docker.DockerClient, toy: Toy, remote: RemoteHost, tmp_path: Path
) -> None:
    with containerd_engine(client, tmp_path) as containerd_client:
        first, second = (requested(client, toy.registry, name) for name in NAMES)
        size = sum(len(chunk) for chunk in client.api.get_image(first.tag))
        assert transfer(containerd_client, first, client, silent).sent > size / 2
        assert transfer(containerd_client, second, client, silent).sent < 3 * 10**5
        stored = requested(containerd_client, toy.registry, second.name)
        with client_of(remote) as remote_client:
            transfer(remote_client, first, client, silent)
            with suppress(ImageNotFound):
                remote_client.images.remove(second.tag, force=True)
            sent = transfer(remote_client, stored, containerd_client, silent)
            assert (sent.method, sent.sent < 3 * 10**5) == (TransferMethod.SENT, True)
            assert get_image(remote_client, second.tag).layers == get_image(client, second.tag).layers


@contextmanager
def containerd_engine(first: docker.DockerClient, folder: Path) -> Iterator[docker.DockerClient]:
    """An empty engine with containerd's image store."""
    with spare_engine(first, folder, containerd=True) as engine:
        client = engine.client()
        assert "containerd" in str(client.info()["DriverStatus"])
        yield client
        client.close()


def test_a_pushed_image_is_pulled_by_digest_if_the_host_reaches_the_registry(
    client: docker.DockerClient, toy: Toy, registry: str, remote: RemoteHost
) -> None:
    name = NAMES[0]
    repository = f"{registry}/toy-{toy.token}"
    client.images.get(f"{toy.registry}:{name}").tag(repository, name)
    client.api.push(repository, name)
    pushed = requested(client, repository, name)
    assert pushed.reference
    with client_of(remote) as remote_client:
        with _forwarded_registry(remote, registry):
            pulled = transfer(remote_client, pushed, client, silent)
            assert (pulled.method, pulled.sent) == (TransferMethod.PULLED, 0)
            remote_client.images.remove(pushed.tag, force=True)
            assert transfer(remote_client, pushed, None, silent).image.fingerprint == pushed.fingerprint
            remote_client.images.remove(pushed.tag, force=True)
        sent = transfer(remote_client, pushed, client, silent)
        assert sent.method is TransferMethod.SENT
        assert "connection refused" in sent.remark


@contextmanager
def _forwarded_registry(remote: RemoteHost, registry: str) -> Iterator[None]:
    """Forward an address on a host's loopback to this machine's registry at the same address."""
    command = [str(remote.sshd.folder / "bin" / "ssh"), "-N", "-o", "ExitOnForwardFailure=yes"]
    command += ["-l", "root", "-p", str(remote.sshd.port), "-R", f"127.0.0.1:{registry.rpartition(':')[2]}:{registry}"]
    with subprocess.Popen([*command, remote.sshd.address]) as forward:
        try:
            address = f"http://{registry}/v2/"
            end = time.monotonic() + 20
            while not remote.host.get(address):
                assert time.monotonic() < end, "the registry does not answer on the host"
                time.sleep(0.1)
            yield
        finally:
            forward.kill()
