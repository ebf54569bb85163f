"""Bases pulled by digest, from a registry on loopback with replacements of Debian's own images."""

import io
from collections.abc import Iterator

import docker
import pytest

from tests.support import managedpython
from tests.support.engine import remove_built
from tests.support.toy import NAMES, Toy, lock

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

# Removes what raydock added, and adds a user 1000, which Ubuntu's images have.
WITHOUT_PYTHON = """
RUN apt-get purge -y -qq 'python3*' 'libpython3*' && apt-get autoremove -y -qq \\
 && rm -r /opt/venv /home/ray && sed -i 's|^ray:.*|ubuntu:x:1000:1000::/home/ubuntu:/bin/bash|' /etc/passwd
"""
SCRIPT = "import ray, platform, sys, os; print(platform.python_version(), sys.base_prefix, os.getgid())"
SHOW_PYTHON = ["python", "-c", SCRIPT]
# The flags of unchecked bytecode (PEP 552); files with a newer date or that every user can write.
CHECKS = """
python -c 'import json; print(open(json.__cached__, "rb").read(8)[4:])'
find /opt/python ! -type l '(' -perm -002 -o -newer /usr/local/bin/raydock-probe ')'
"""
BOOTSTRAP = '{debian: {source: bootstrap, python: {"3.11": bookworm}}}'


@pytest.fixture(scope="module")
def with_python(client: docker.DockerClient, registry: str, base: str) -> str:
    """A Debian image with Python 3.11, by digest in the registry."""
    return pushed(client, client.images.get(base), f"{registry}/debian-python")


@pytest.fixture(scope="module")
def without_python(client: docker.DockerClient, registry: str, base: str) -> str:
    """A Debian image without Python, as debian:bookworm-slim is, by digest in the registry."""
    dockerfile = f"FROM {base}\n{WITHOUT_PYTHON}\n"
    made, _ = client.images.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True, forcerm=True)
    return pushed(client, made, f"{registry}/debian")


@pytest.fixture(scope="module")
def python(client: docker.DockerClient, base: str) -> bytes:
    """The archive of a Python that needs only glibc."""
    return managedpython.archive(client, base)


@pytest.fixture(autouse=True)
def _swept(client: docker.DockerClient, unlocked: Toy) -> Iterator[None]:
    """Remove the bases that a test built."""
    yield
    for image in client.images.list("raydock-base"):
        for tag in image.tags:
            if unlocked.token in tag:
                client.images.remove(tag)


def pushed(client: docker.DockerClient, image: docker.models.images.Image, name: str) -> str:
    """Push an image, remove its tag from the engine, and return its name by digest."""
    image.tag(name, "bookworm")
    for line in client.images.push(name, "bookworm", stream=True, decode=True):
        assert "error" not in line, line
    digests = client.images.get(f"{name}:bookworm").attrs["RepoDigests"]
    client.images.remove(f"{name}:bookworm")
    remove_built(client, str(image.attrs.get("Parent") or ""))
    return str(next(digest for digest in digests if digest.startswith(f"{name}@")))


def mirrored(toy: Toy, python: bytes, *, version: str = "3.11.2") -> Toy:
    """Return a toy whose index also serves a Python, with a list that names it."""
    path, listed = managedpython.listed(version, python)
    toy.site.files |= {path: python, "pythons.json": listed}
    files = toy.environment["UV_DEFAULT_INDEX"].replace("/simple/", "/files")
    return toy.given({"UV_PYTHON_INSTALL_MIRROR": files, "UV_PYTHON_DOWNLOADS_JSON_URL": f"{files}/pythons.json"})


def on_base(toy: Toy, image: str, *, python: str = "system", glibc: str = "2.36") -> Toy:
    """Return a toy with a pulled base and locks."""
    toy = configured(toy, image, python=python, glibc=glibc)
    lock(toy)
    return toy


def configured(toy: Toy, image: str, *, python: str = "system", glibc: str = "2.36") -> Toy:
    """Return a toy whose matrix.yaml names a pulled base."""
    name = f"standin-{toy.token}"
    base = f'{{{name}: {{source: pull, image: "{image}", glibc: "{glibc}", python: {{"3.11": {python}}}}}}}'
    toy.edit("matrix.yaml", BOOTSTRAP, base)
    return toy


def test_a_base_with_python(unlocked: Toy, client: docker.DockerClient, with_python: str) -> None:
    toy = on_base(unlocked, with_python)
    done = toy.run("build", "--select", "ray=1.0.0")
    assert done.code == 0, done.summary
    output = client.containers.run(f"{toy.registry}:{NAMES[0]}", SHOW_PYTHON, remove=True)
    assert output.startswith(b"3.11")
    # A user without an entry in /etc/passwd, as on OpenShift.
    output = client.containers.run(
        f"{toy.registry}:{NAMES[0]}", ["python", "-c", WHO], user="1000710000:7", remove=True
    )
    assert output == b"ray ray ray 1000710000\n"


def test_a_base_without_python_gets_debians(unlocked: Toy, client: docker.DockerClient, without_python: str) -> None:
    toy = on_base(unlocked, without_python)
    done = toy.run("build", "--select", "ray=1.0.0")
    assert done.code == 0, done.summary
    assert client.images.get(f"{toy.registry}:{NAMES[0]}").labels["raydock.python"].startswith("3.11.")


WHO = "import getpass, os, pwd; print(os.environ['USER'], getpass.getuser(), *pwd.getpwuid(os.getuid())[:3:2])"
# One setting of each kind in the images of NVIDIA, vLLM, uv and companies.
CONFIGURED = """
ENV LD_LIBRARY_PATH=/opt/old:/usr/local/nvidia/lib64 PYTHONPATH=/opt/old PYTHONHOME=/opt/old \\
    PIP_INDEX_URL=http://old UV_OFFLINE=1 UV_SYSTEM_PYTHON=1 NVIDIA_VISIBLE_DEVICES=all http_proxy=http://old \\
    VIRTUAL_ENV=/opt/old TZ=Europe/Berlin
ENTRYPOINT ["/bin/echo"]
CMD ["old"]
USER 7
WORKDIR /opt/old
VOLUME /opt/old
HEALTHCHECK CMD false
STOPSIGNAL SIGQUIT
EXPOSE 80
ONBUILD RUN false
LABEL org.opencontainers.image.source=old raydock.kuberay=false maintainer=them
"""
RESET = (
    "ENTRYPOINT, CMD, USER, WORKDIR, VOLUME, EXPOSE, HEALTHCHECK, STOPSIGNAL, SHELL, ONBUILD, LD_LIBRARY_PATH,"
    " PYTHONPATH, PYTHONHOME, PIP_INDEX_URL, UV_OFFLINE, UV_SYSTEM_PYTHON, NVIDIA_VISIBLE_DEVICES, http_proxy,"
    " VIRTUAL_ENV"
)


def derived(client: docker.DockerClient, base: str, lines: str, name: str) -> str:
    """Build an image with these lines on the base and return its name by digest in the registry."""
    made, _ = client.images.build(fileobj=io.BytesIO(f"FROM {base}\nUSER 0\n{lines}\n".encode()), rm=True, forcerm=True)
    return pushed(client, made, name)


def test_the_configuration_of_a_pulled_base_is_reset(
    unlocked: Toy, client: docker.DockerClient, registry: str, base: str
) -> None:
    named = derived(client, base, CONFIGURED, f"{registry}/configured")
    toy = on_base(unlocked, named)
    done = toy.run("build", "--select", "ray=1.0.0")
    assert done.code == 0, done.summary
    assert f"reset settings of {named}: {RESET}" in done.err, done.summary
    image = client.images.get(f"{toy.registry}:{NAMES[0]}").attrs
    config, usual = image["Config"], client.images.get(base).attrs["Config"]
    assert sorted(config["Env"]) == [
        "BASH_ENV=/opt/raydock/user.sh",
        "HOME=/home/ray",
        "LANG=C.UTF-8",
        "LOGNAME=ray",
        "PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PIP_CONSTRAINT=/opt/raydock/constraints.txt",
        "PIP_NO_CACHE_DIR=1",
        'RAY_RUNTIME_ENV_PLUGINS=[{"class": "raydock_runtime_env.Layers"}]',
        "TZ=Europe/Berlin",
        "USER=ray",
        "UV_CONSTRAINT=/opt/raydock/constraints.txt",
        "UV_NO_CACHE=1",
        "VIRTUAL_ENV=/opt/venv",
    ]
    assert not config["Entrypoint"]
    settings = ("Volumes", "Healthcheck", "StopSignal", "ExposedPorts", "OnBuild")
    assert {key: config.get(key) for key in settings} == {key: usual.get(key) for key in settings}
    assert (config["Cmd"], config["User"], config["WorkingDir"]) == (["/bin/bash"], "1000", "/home/ray")
    assert config["Labels"]["maintainer"] == "them"
    assert not {"org.opencontainers.image.source", "raydock.kuberay"} & config["Labels"].keys()
    layers = client.images.get(named).attrs["RootFS"]["Layers"]
    assert image["RootFS"]["Layers"][: len(layers)] == layers
    assert client.images.list(f"raydock-base:*{toy.token}*-plain-*") == []


# The library folders of a company's Python; Python needs no library in `extra`.
MOVED = """
ENV LD_LIBRARY_PATH=/opt/extra:/opt/libraries
RUN mkdir /opt/extra /opt/libraries && mv /lib/x86_64-linux-gnu/libexpat.so.1* /opt/libraries/ && ldconfig \\
 && cp /lib/x86_64-linux-gnu/libz.so.1 /opt/extra/
"""


def test_libraries_that_python_needs_are_found_after_the_reset(
    unlocked: Toy, client: docker.DockerClient, registry: str, base: str
) -> None:
    toy = on_base(unlocked, derived(client, base, MOVED, f"{registry}/moved"))
    done = toy.run("build", "--select", "ray=1.0.0")
    assert done.code == 0, done.summary
    command = (
        "python -c 'import pyexpat, os; print(os.environ.get(\"LD_LIBRARY_PATH\"))'; cat /etc/ld.so.conf.d/raydock.conf"
    )
    output = client.containers.run(
        f"{toy.registry}:{NAMES[0]}", ["sh", "-c", command], network_mode="none", remove=True
    )
    assert output == b"None\n/opt/libraries\n"


def test_a_base_with_a_different_glibc_is_refused(unlocked: Toy, with_python: str) -> None:
    toy = on_base(unlocked, with_python, glibc="2.31")
    done = toy.run("build")
    assert done.code == 1, done.summary
    assert f"the base standin-{toy.token}-py311 has glibc 2.36, not 2.31." in done.err
    assert "Next: write the glibc of the base in matrix.yaml, then lock again." in done.err


@pytest.mark.parametrize("image", ["{registry}/debian@sha256:" + "0" * 64, "localhost:1/debian@sha256:" + "0" * 64])
def test_a_base_that_cannot_be_pulled(unlocked: Toy, registry: str, image: str) -> None:
    image = image.format(registry=registry)
    toy = configured(unlocked, image)
    assert toy.run("facts").code == 0
    done = toy.run("lock")
    assert done.code == 4, done.summary
    assert f"the base {image} could not be pulled" in done.err
    assert "Next: check its name, digest and `docker login`" in done.err
    assert not list((toy.root / "lockfiles").glob("standin*.debs"))


def test_a_base_without_python_gets_uvs(
    unlocked: Toy, client: docker.DockerClient, without_python: str, python: bytes
) -> None:
    toy = mirrored(on_base(unlocked, without_python, python="managed"), python)
    done = toy.run("build", "--select", "ray=1.0.0", "--json")
    assert done.code == 0, done.summary
    image = client.images.get(f"{toy.registry}:{NAMES[0]}")
    named = client.images.get(without_python)
    assert image.attrs["RootFS"]["Layers"][: len(named.attrs["RootFS"]["Layers"])] == named.attrs["RootFS"]["Layers"]
    assert image.labels["raydock.python"] == "3.11.2"
    for user in ("1000", "123456"):  # raydock's user, and one that OpenShift may choose
        output = client.containers.run(image, SHOW_PYTHON, user=user, network_mode="none", remove=True)
        assert output == b"3.11.2 /opt/python/cpython-3.11.2-linux-x86_64-gnu 0\n"
    output = client.containers.run(image, ["bash", "-ec", CHECKS], network_mode="none", remove=True)
    assert output == b"b'\\x01\\x00\\x00\\x00'\n"


def test_a_python_with_a_different_hash_is_refused(unlocked: Toy, with_python: str, python: bytes) -> None:
    toy = mirrored(on_base(unlocked, with_python, python="managed"), python)
    toy.site.files = {name: body + b"more" if name.endswith(".gz") else body for name, body in toy.site.files.items()}
    done = toy.run("build", "--select", "ray=1.0.0")
    assert done.code == 1, done.summary
    assert "Hash mismatch" in done.err


def test_a_managed_python_out_of_reach(unlocked: Toy, with_python: str) -> None:
    toy = on_base(unlocked, with_python, python="managed")
    done = toy.run("build", UV_PYTHON_INSTALL_MIRROR="http://127.0.0.1:1")
    assert done.code in {1, 4}, done.summary
    assert f"standin-{toy.token}-py311: the build failed at the step `" in done.err
    assert "a base needs Python 3.11" in done.err
    assert "UV_PYTHON_INSTALL_MIRROR names its http mirror" in done.err
    assert toy.leftovers() == []


def test_a_base_for_a_different_architecture_is_refused(
    unlocked: Toy, client: docker.DockerClient, registry: str, foreign_image: str
) -> None:
    image = pushed(client, client.images.get(foreign_image), f"{registry}/debian-foreign")
    toy = configured(unlocked, image)
    assert toy.run("facts").code == 0
    done = toy.run("lock")
    assert done.code == 1, done.summary
    machine = foreign_image.partition(":")[2]
    assert f"the base {image} is for another architecture: it is for linux/{machine}, and the engine runs" in done.err
    assert "no python3.11 that starts" not in done.err
