"""What trivy can check in images with the package lists of many systems."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import docker
import pytest

from raydock.scan.findings import gap
from raydock.scan.trivy import Trivy, find
from tests.support.trivydb import DEBIAN, Advisory, write

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

KNOWN = (Advisory(id="CVE-2099-0001", package="bash", severity="HIGH", fixed="99:1.0", source=DEBIAN),)
REPOSITORY = f"raydock-test-{uuid4().hex[:12]}"
BASH = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b13\n\n"
PACKAGES = {"var/lib/dpkg/status": BASH}
ESM = '{"attached": true, "services": [{"name": "esm-infra", "status": "enabled", "entitled": "yes"}]}'


def debian(version: str, packages: str | None = BASH) -> dict[str, str]:
    files = {"etc/os-release": 'ID=debian\nNAME="Debian GNU/Linux"\n', "etc/debian_version": f"{version}\n"}
    return files | ({"var/lib/dpkg/status": packages} if packages is not None else {})


def ubuntu(version: str) -> dict[str, str]:
    release = f"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={version}\n"
    return {"etc/os-release": f"ID=ubuntu\nVERSION_ID={version}\n", "etc/lsb-release": release, **PACKAGES}


# The files of an image, and the expected reason for what trivy does not check in it.
SYSTEMS = {
    "Debian 12": (debian("12.11"), ""),
    "Debian 13": (debian("13.1"), ""),
    "distroless Debian 12": ({**debian("12.11", None), "var/lib/dpkg/status.d/bash": BASH}, ""),
    "Ubuntu 24.04": (ubuntu("24.04"), ""),
    "Ubuntu 20.04 with ESM": ({**ubuntu("20.04"), "var/lib/ubuntu-advantage/status.json": ESM}, ""),
    "Ubuntu 20.04": (ubuntu("20.04"), "ubuntu 20.04 is past its end of life"),
    "Debian 10": (debian("10.13"), "debian 10.13 is past its end of life"),
    "Debian sid": (debian("forky/sid"), "does not know the release debian forky/sid"),
    "Debian 99": (debian("99.1"), "does not know the release debian 99.1"),
    "Kali": (debian("kali-rolling"), "does not know the release debian kali-rolling"),
    "Debian without dpkg's folder": (debian("12.11", None), "no packages of debian 12.11"),
    "Debian with an empty list": (debian("12.11", ""), "no packages of debian 12.11"),
    "Debian with a damaged list": (debian("12.11", f"{BASH}no colon\n\n{BASH}"), "could not read all packages"),
    "a different os-release": (
        {"etc/os-release": "ID=ours\nVERSION_ID=7\n", **PACKAGES},
        "a known operating system",
    ),
    "Fedora": ({"etc/fedora-release": "Fedora release 42 (Forty Two)\n"}, "no advisories for fedora 42"),
    "Gentoo": ({"etc/os-release": "ID=gentoo\n", "etc/gentoo-release": "Gentoo 2.15\n"}, "a known operating system"),
    "nothing": ({"a": "b"}, "a known operating system"),
}


@pytest.fixture(scope="module")
def trivy(tmp_path_factory: pytest.TempPathFactory) -> Trivy:
    return Trivy(program=find(), folder=tmp_path_factory.mktemp("trivy"))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("database"), KNOWN) / "db"


@pytest.fixture
def imported(client: docker.DockerClient, request: pytest.FixtureRequest) -> Iterator[str]:
    """An image with the files of the test's system."""
    files, _ = SYSTEMS[request.node.callspec.params["system"]]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    tag = f"{REPOSITORY}:{uuid4().hex[:12]}"
    client.api.import_image_from_data(packed.getvalue(), repository=REPOSITORY, tag=tag.partition(":")[2])
    yield tag
    client.images.remove(tag, force=True)


def gap_of(trivy: Trivy, image: str, database: Path) -> str:
    return gap(*trivy.image(image, database, trivy.folder / "scan.log"))


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_gaps_of_trivy_are_reported(imported: str, system: str, trivy: Trivy, database: Path) -> None:
    expected = SYSTEMS[system][1]
    missing = gap_of(trivy, imported, database)
    assert expected in missing if expected else missing == ""
    assert "INFO" in (trivy.folder / "scan.log").read_text()


@pytest.mark.parametrize("system", ["Debian with a damaged list"])
def test_a_cached_layer_hides_the_damage_until_it_is_removed(
    imported: str, system: str, tmp_path: Path, database: Path
) -> None:
    trivy = Trivy(program=find(), folder=tmp_path)
    gaps = []
    for _ in range(3):
        gaps.append(gap_of(trivy, imported, database))
        if len(gaps) == 2:
            trivy.forget_layers()
    assert [SYSTEMS[system][1] in text for text in gaps] == [True, False, True]
