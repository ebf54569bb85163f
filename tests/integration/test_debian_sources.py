"""Bootstrapped bases from mirrors, with the real mmdebstrap: which mirrors are used, and what is left in the base.

The last test builds a base and a group's OS packages again after the mirror has removed some of their files.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from raydock.builder import basemaker
from raydock.model import debs
from tests.integration.conftest import fresh_toy
from tests.support.certificates import certified
from tests.support.debianmirror import debian_mirror, public_archive
from tests.support.toy import Toy, lock

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="mmdebstrap is not installed"),
]

BASE = '{debian: {source: bootstrap, python: {"3.11": bookworm}}}'
# Prints what a base contains of its package sources.
SOURCES = "cat /etc/apt/sources.list; find /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d -type f"
FULL = "deb {0} bookworm main\ndeb {0} bookworm-updates main\ndeb {0}-security bookworm-security main\n"


def remove_bases(client: docker.DockerClient, toy: Toy) -> None:
    for tag in basemaker.tags(client):
        if toy.token in tag:
            client.images.remove(tag)


@pytest.fixture(autouse=True)
def _swept(client: docker.DockerClient, unlocked: Toy) -> Iterator[None]:
    """Remove the bases that a test built."""
    yield
    remove_bases(client, unlocked)


def with_base(toy: Toy, mirror: str = "") -> Toy:
    """Return a toy with its own bootstrapped base, whose packages are not locked."""
    stated = f"mirror: {mirror}, " if mirror else ""
    toy.edit("matrix.yaml", BASE, f'{{own-{toy.token}: {{source: bootstrap, {stated}python: {{"3.11": bookworm}}}}}}')
    return toy


def on_host(toy: Toy, tmp_path: Path, sources: str, settings: str = "", login: str = "") -> Toy:
    """Return the same toy on a host with these apt sources, settings and credentials."""
    etc = tmp_path / "etc"
    for folder in ("apt.conf.d", "auth.conf.d", "sources.list.d", "preferences.d", "trusted.gpg.d"):
        (etc / folder).mkdir(parents=True)
    (etc / "sources.list").write_text(sources)
    (etc / "apt.conf.d" / "80test").write_text(settings)
    (etc / "auth.conf").write_text(login)
    (tmp_path / "apt.conf").write_text(f'Dir::Etc "{etc}";\n')
    return toy.given({"APT_CONFIG": str(tmp_path / "apt.conf")})


def built(client: docker.DockerClient, toy: Toy) -> tuple[str, bytes]:
    """Build a toy's base; return the digest of its lowest layer and what it contains of its sources."""
    lock(toy)
    done = toy.run("build", "--select", "ray=1.0.0")
    assert done.code == 0, done.summary
    [ref] = [tag for tag in basemaker.tags(client) if toy.token in tag]
    sources = client.containers.run(ref, ["sh", "-c", SOURCES], network_mode="none", remove=True)
    return client.images.get(ref).attrs["RootFS"]["Layers"][0], sources


@pytest.fixture(scope="module")
def usual(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The lowest layer of the base that this host builds without a mirror, of the packages that Debian has now."""
    with fresh_toy(client, tmp_path_factory.mktemp("usual")) as toy:
        layer, _ = built(client, with_base(toy))
        remove_bases(client, toy)
    return layer


def test_the_mirror_of_matrix_yaml(client: docker.DockerClient, unlocked: Toy) -> None:
    with debian_mirror() as mirror:
        _, sources = built(client, with_base(unlocked, mirror.address))
    assert sources.startswith(FULL.format(mirror.address).encode())
    assert any(path.startswith("/debian/pool/main/") for path in mirror.requests)
    assert "/debian-security/dists/bookworm-security/InRelease" in mirror.requests


def test_an_https_mirror_with_a_ca_of_its_own(unlocked: Toy, tmp_path: Path) -> None:
    """Only `lock` reads a mirror here: what a build installs is in local files then."""
    guard, bundle = certified(tmp_path)
    with debian_mirror(guard=guard) as mirror:
        toy = with_base(unlocked, mirror.address)
        err = lock_error(toy)
        assert f"apt could not read Debian bookworm from {mirror.address} (matrix.yaml): " in err
        # By GnuTLS (apt 2) or by OpenSSL (apt 3).
        assert "The certificate issuer is unknown." in err or "certificate verify failed" in err
        assert "Next: name the PEM file of the mirror's certificate authority by SSL_CERT_FILE" in err
        assert mirror.requests == []
        done = toy.run("lock", "--select", "ray=1.0.0", SSL_CERT_FILE=str(bundle))
    assert done.code == 0, done.summary
    assert (toy.root / "lockfiles" / f"own-{toy.token}-py311.debs").exists()
    assert any(path.startswith("/debian/pool/main/") for path in mirror.requests)


def test_the_hosts_mirror_leaves_nothing_in_the_base(
    client: docker.DockerClient, unlocked: Toy, tmp_path: Path, usual: str
) -> None:
    with debian_mirror(login="builder:s3cret") as mirror:
        login = f"machine {mirror.address} login builder password s3cret\n"
        login += f"machine {mirror.address}-security login builder password s3cret\n"
        toy = on_host(with_base(unlocked), tmp_path, FULL.format(mirror.address), login=login)
        layer, kept = built(client, toy)
    assert any(path.startswith("/debian/pool/main/") for path in mirror.requests)
    assert kept.startswith(f"deb {public_archive()} bookworm main\n".encode())
    assert b"127.0.0.1" not in kept
    assert layer == usual  # equal packages give equal bytes


def test_the_hosts_proxy(client: docker.DockerClient, unlocked: Toy, tmp_path: Path, usual: str) -> None:
    """apt requests whole addresses from its proxy; here the proxy is the mirror, and the server does not exist."""
    with debian_mirror() as mirror:
        port = mirror.address.split(":")[2].partition("/")[0]
        settings = f'Acquire::http::Proxy "http://127.0.0.1:{port}";\n'
        toy = on_host(with_base(unlocked), tmp_path, FULL.format("http://mirror.invalid/debian"), settings)
        layer, kept = built(client, toy)
    assert mirror.requests
    assert kept.startswith(f"deb {public_archive()} bookworm main\n".encode())
    assert layer == usual


def lock_error(toy: Toy) -> str:
    assert toy.run("facts").code == 0
    done = toy.run("lock", "--select", "ray=1.0.0")
    assert done.code == 4, done.summary
    assert toy.leftovers() == []
    return done.err


def test_a_mirror_without_security_updates(unlocked: Toy) -> None:
    with debian_mirror(suites=("bookworm", "bookworm-updates")) as mirror:
        err = lock_error(with_base(unlocked, mirror.address))
    assert f"apt could not read Debian bookworm from {mirror.address} (matrix.yaml)" in err
    assert f"Next: write `mirror: {{archive: {mirror.address}, security: ADDRESS}}`, or `security: none`." in err


def test_a_mirror_out_of_reach(unlocked: Toy) -> None:
    err = lock_error(with_base(unlocked, "http://127.0.0.1:1/debian"))
    assert "from http://127.0.0.1:1/debian (matrix.yaml): " in err
    assert "Next: check that a Debian mirror with bookworm answers here; name one by `mirror:`" in err


def test_a_host_with_wrong_credentials(unlocked: Toy, tmp_path: Path) -> None:
    with debian_mirror(login="builder:s3cret") as mirror:
        address = mirror.address.replace("//", "//builder:mistyped@")
        err = lock_error(on_host(with_base(unlocked), tmp_path, FULL.format(address)))
    assert "401" in err
    assert "mistyped" not in err


# The archive has moved on: these are no longer in it. libzstd1 and wget are in the base, libbsd0 is in the group.
REMOVED = ("libzstd1", "wget", "libbsd0")
MEDIA = "ray1.0.0-py311-cpu-media"
GROUP = "groups: {{media: {{ray: '1.0.0', os-packages: [openssh-client]}}}}\ndebs: {registry}/debs\n"


def build_media(client: docker.DockerClient, toy: Toy) -> tuple[str, list[str], str]:
    """Build the variant with OS packages; return its id, its layers and the output."""
    done = toy.run("build", "--select", f"name={MEDIA}", "--no-cache", "--json")
    assert done.code == 0, done.summary
    image = done.variants[MEDIA]["image_id"]
    return image, client.images.get(image).attrs["RootFS"]["Layers"], done.err


@pytest.mark.timeout(900)
def test_a_rebuild_after_the_archive_moved_on(client: docker.DockerClient, unlocked: Toy, registry: str) -> None:
    with debian_mirror() as mirror:
        toy = with_base(unlocked, mirror.address)
        toy.edit("matrix.yaml", "packages:", GROUP.format(registry=registry) + "packages:")
        lock(toy)
        image, layers, out = build_media(client, toy)
        assert "fetched" not in out

        client.images.remove(f"{toy.registry}:{MEDIA}", force=True)
        [base] = [tag for tag in basemaker.tags(client) if toy.token in tag]
        client.images.remove(base, force=True)
        shutil.rmtree(toy.root / ".raydock" / "debs")
        locks = [debs.read(path) for path in (toy.root / "lockfiles").glob(f"own-{toy.token}-*.debs")]
        removed = [deb for lock in locks if lock for deb in lock.debs if deb.name in REMOVED]
        assert {deb.name for deb in removed} == set(REMOVED)
        mirror.removed.update(deb.file for deb in removed)
        mirror.requests.clear()

        again = build_media(client, toy)
    assert again[:2] == (image, layers)
    assert [
        deb.name for deb in removed if f"{deb.name}: fetched {deb.version} from {registry}/debs" not in again[2]
    ] == []
    assert again[2].count(f"from {registry}/debs") == len(REMOVED)
    assert any(path.startswith("/debian/pool/main/") for path in mirror.requests)
