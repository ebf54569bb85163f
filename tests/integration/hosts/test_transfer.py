"""Images that come to another engine over ssh: what is sent, what is not, and what is pulled."""

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
from raydock.engine.localimage import get_image
from raydock.hosts.engine import engine
from raydock.hosts.transfer import TransferMethod, bring
from raydock.hosts.wanted import RequestedImage
from raydock.model.variant import parse_name
from raydock.publish.variant_image import of_image
from tests.integration.conftest import remove_images
from tests.integration.hosts.conftest import There
from tests.support.engine import spare_engine
from tests.support.index import Site, serving
from tests.support.toy import NAMES, Toy, lock, make

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def there(two: list[There]) -> Iterator[There]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in two[0].sshd.environment.items():
            patch.setenv(name, value)
        yield two[0]


@contextmanager
def client_of(there: There) -> Iterator[docker.DockerClient]:
    with engine(there.named, Processes()) as found:
        yield found


def wanted(client: docker.DockerClient, registry: str, name: str) -> RequestedImage:
    image = get_image(client, f"{registry}:{name}")
    return RequestedImage(image=of_image(parse_name(name), registry, image), source=client)


@pytest.fixture(scope="module")
def toy(client: docker.DockerClient, base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """A toy whose two variants are built, and differ in their highest layers."""
    site = Site()
    with serving(site) as endpoint:
        found = make(tmp_path_factory.mktemp("bring") / "toy", site, endpoint)
        lock(found)
        done = found.run("build")
    assert done.code == 0, done.words
    yield found
    remove_images(client, found)


def test_only_layers_that_the_engine_lacks_are_sent(client: docker.DockerClient, toy: Toy, there: There) -> None:
    one, two = (wanted(client, toy.registry, name) for name in NAMES)
    size = sum(len(chunk) for chunk in client.api.get_image(one.tag))
    with client_of(there) as remote:
        before = there.received()
        whole = bring(remote, one, silent)
        assert (whole.way, whole.remark) == (TransferMethod.SENT, "it was never pushed")
        assert abs(whole.sent - size) < 10**5
        assert there.received() - before > size
        before = there.received()
        lean = bring(remote, two, silent)
        assert lean.way is TransferMethod.SENT
        crossed = there.received() - before
        print(f"whole {whole.sent} bytes, lean {lean.sent} bytes, {crossed} over the wire")
        assert lean.sent < crossed < size / 50
        assert get_image(remote, two.tag).is_same(get_image(client, two.tag))
        ran = remote.containers.run(
            two.tag, ["python", "-c", "import toylib; print(toylib.TOKEN)"], remove=True, network="none"
        )
        assert ran.decode().strip() == toy.token
        before = there.received()
        assert bring(remote, two, silent).way is TransferMethod.THERE
        assert there.received() - before < 10**5


def test_an_engine_with_containerds_image_store_gives_and_takes_without_layers_too(
    client: docker.DockerClient, toy: Toy, there: There, tmp_path: Path
) -> None:
    with containerd_engine(client, tmp_path) as other:
        one, two = (wanted(client, toy.registry, name) for name in NAMES)
        assert bring(other, one, silent).sent > 10**8
        assert bring(other, two, silent).sent < 3 * 10**5
        found = wanted(other, toy.registry, two.name)
        with client_of(there) as remote:
            bring(remote, one, silent)
            with suppress(ImageNotFound):
                remote.images.remove(two.tag, force=True)
            back = bring(remote, found, silent)
            assert (back.way, back.sent < 3 * 10**5) == (TransferMethod.SENT, True)
            assert get_image(remote, two.tag).layers == get_image(client, two.tag).layers


@contextmanager
def containerd_engine(first: docker.DockerClient, folder: Path) -> Iterator[docker.DockerClient]:
    """An engine whose images lie in containerd's store, with nothing in it."""
    with spare_engine(first, folder, containerd=True) as engine:
        client = engine.client()
        assert "containerd" in str(client.info()["DriverStatus"])
        yield client
        client.close()


def test_what_was_pushed_is_pulled_by_digest_where_the_registry_can_be_reached(
    client: docker.DockerClient, toy: Toy, registry: str, there: There
) -> None:
    name = NAMES[0]
    repository = f"{registry}/toy-{toy.token}"
    client.images.get(f"{toy.registry}:{name}").tag(repository, name)
    client.api.push(repository, name)
    pushed = wanted(client, repository, name)
    assert pushed.image.reference
    with client_of(there) as remote:
        with _registry_there(there, registry):
            found = bring(remote, pushed, silent)
            assert (found.way, found.sent) == (TransferMethod.PULLED, 0)
            remote.images.remove(pushed.tag, force=True)
            unbuilt = RequestedImage(image=pushed.image)
            assert bring(remote, unbuilt, silent).image.fingerprint == pushed.image.fingerprint
            remote.images.remove(pushed.tag, force=True)
        found = bring(remote, pushed, silent)
        assert found.way is TransferMethod.SENT
        assert "connection refused" in found.remark


@contextmanager
def _registry_there(there: There, registry: str) -> Iterator[None]:
    """This machine's registry on loopback, at the same address on a host's loopback."""
    command = [str(there.sshd.folder / "bin" / "ssh"), "-N", "-o", "ExitOnForwardFailure=yes"]
    command += ["-l", "root", "-p", str(there.sshd.port), "-R", f"127.0.0.1:{registry.rpartition(':')[2]}:{registry}"]
    with subprocess.Popen([*command, there.sshd.address]) as forward:
        try:
            address = f"http://{registry}/v2/"
            end = time.monotonic() + 20
            while not there.host.get(address):
                assert time.monotonic() < end, "the registry does not answer there"
                time.sleep(0.1)
            yield
        finally:
            forward.kill()
