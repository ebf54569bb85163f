"""The package index, played by a server on loopback: PEP 691 pages, wheels by range, PEP 658 metadata, and faults."""

import os
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from raydock.errors import ConfigurationError, OutOfReachError
from raydock.lock.index import Index, from_environment, refresh
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts, Wheel
from raydock.model.matrix import Matrix
from tests.support.index import Site, serving
from tests.support.wheels import metadata, wheel

TODAY = date(2026, 11, 22)
PADDING = 400_000  # bytes in a wheel that nobody should fetch

MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {debian: {source: bootstrap, python: {"3.11": bookworm}}}
axes: {python: ["3.11"], torch: [none, RELEASE], ray: [2.60.0]}
"""


def padded(project: str, version: str, requires: tuple[str, ...]) -> bytes:
    """A wheel of some weight that vendors another package."""
    vendored = f"{project}/vendored/thing-1.0.dist-info/METADATA"
    files = {f"{project}/big.so": os.urandom(PADDING), vendored: b"Name: thing"}
    return wheel(project, version, requires, files)


@pytest.fixture
def site() -> Site:
    site = Site()
    body = padded("ray", "2.60.0", ("click>=7.0", 'numpy>=1.20; extra == "data"'))
    for tags in ("cp311-cp311-manylinux2014_x86_64", "cp310-cp310-manylinux2014_x86_64"):
        site.add("ray", f"ray-2.60.0-{tags}.whl", body)
    for tags in ("cp311-cp311-manylinux2014_aarch64", "cp311-cp311-macosx_12_0_arm64", "cp311-cp311-win_amd64"):
        site.add("ray", f"ray-2.60.0-{tags}.whl")
    site.add("ray", "ray-2.62.0-cp311-cp311-manylinux2014_x86_64.whl", body)
    site.add("ray", "ray-2.10.0-cp311-cp311-manylinux2014_x86_64.whl", body)
    site.add("ray", "ray-2.61.0rc0-cp311-cp311-manylinux2014_x86_64.whl", body)
    return site


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    return written(tmp_path, MATRIX.replace(", RELEASE", ""))


def written(tmp_path: Path, text: str) -> Matrix:
    path = tmp_path / "matrix.yaml"
    path.write_text(text)
    return matrix_file.load(path)


def read(matrix: Matrix, site: Site, timeout: float = 5.0) -> Facts:
    with serving(site) as endpoint:
        return refresh(matrix, Index(endpoint=endpoint, timeout=timeout), TODAY, lambda _: None)


def test_a_release_as_the_index_has_it(matrix: Matrix, site: Site) -> None:
    facts = read(matrix, site)
    assert list(facts.releases) == [("ray", "2.60.0")]
    ray = facts.releases["ray", "2.60.0"]
    body = site.files["ray-2.60.0-cp310-cp310-manylinux2014_x86_64.whl"]
    assert ray.wheels == tuple(
        Wheel(
            filename=f"ray-2.60.0-{python}-{python}-manylinux2014_x86_64.whl",
            size=len(body),
            sha256=sha256(body).hexdigest(),
        )
        for python in ("cp310", "cp311")
    )
    assert ray.requires_dist == ("click>=7.0", 'numpy>=1.20; extra == "data"')
    assert ray.requires_python == ">=3.10"
    assert (ray.uploaded, ray.read) == ("2026-11-04", "2026-11-22")
    assert "127.0.0.1" not in ray.source


def test_only_the_end_of_one_wheel_is_fetched(matrix: Matrix, site: Site) -> None:
    read(matrix, site)
    assert len({path for path in site.asked if path.startswith("/files/")}) == 1
    assert site.sent < PADDING / 2


def test_metadata_offered_beside_the_wheel(matrix: Matrix, site: Site) -> None:
    text = metadata("ray", "2.60.0", ("from-pep-658",))
    for file in site.pages["ray"]:
        file["core-metadata"] = {"sha256": sha256(text).hexdigest()}
    site.files["ray-2.60.0-cp310-cp310-manylinux2014_x86_64.whl.metadata"] = text
    assert read(matrix, site).releases["ray", "2.60.0"].requires_dist == ("from-pep-658",)
    assert [path for path in site.asked if path.endswith(".whl")] == []


def test_metadata_promised_and_not_there_is_read_from_the_wheel(matrix: Matrix, site: Site) -> None:
    for file in site.pages["ray"]:
        file["core-metadata"] = True
    assert read(matrix, site).releases["ray", "2.60.0"].requires_dist[0] == "click>=7.0"


def test_metadata_with_another_hash_is_refused(matrix: Matrix, site: Site) -> None:
    for file in site.pages["ray"]:
        file["core-metadata"] = {"sha256": "0" * 64}
    site.files["ray-2.60.0-cp310-cp310-manylinux2014_x86_64.whl.metadata"] = b"Name: ray"
    with pytest.raises(OutOfReachError, match="cannot be read"):
        read(matrix, site)


def test_yanked_wheels_are_kept_and_said_so(matrix: Matrix, site: Site) -> None:
    site.pages["ray"][1]["yanked"] = "broken"
    wheels = read(matrix, site).releases["ray", "2.60.0"].wheels
    assert [wheel.yanked for wheel in wheels] == [True, False]
    assert not any("cp310" in path for path in site.asked)


def test_several_projects_and_progress(tmp_path: Path, site: Site) -> None:
    site.add("torch", "torch-2.8.0-py3-none-any.whl", padded("torch", "2.8.0", ("filelock",)))
    matrix = written(tmp_path, MATRIX.replace("RELEASE", "2.8.0"))
    said: list[str] = []
    with serving(site) as endpoint:
        facts = refresh(matrix, Index(endpoint=endpoint), TODAY, said.append)
    assert sorted(said) == ["ray 2.60.0", "torch 2.8.0"]
    assert facts.releases["torch", "2.8.0"].wheels[0].filename == "torch-2.8.0-py3-none-any.whl"


def test_a_release_with_no_wheel_for_this_platform(tmp_path: Path, site: Site) -> None:
    site.add("torch", "torch-2.8.0.tar.gz")
    site.add("torch", "torch-2.8.0-cp311-cp311-win_amd64.whl")
    release = read(written(tmp_path, MATRIX.replace("RELEASE", "2.8.0")), site).releases["torch", "2.8.0"]
    assert (release.wheels, release.requires_dist, release.requires_python) == ((), (), ">=3.10")


def test_an_unknown_version_gets_the_nearest_final_one(tmp_path: Path, site: Site) -> None:
    with pytest.raises(ConfigurationError, match=r"ray 2\.61\.0 is not in the package index") as caught:
        read(written(tmp_path, MATRIX.replace("2.60.0", "2.61.0").replace(", RELEASE", "")), site)
    assert "Did you mean '2.62.0'?" in caught.value.todo


def test_an_index_without_the_project(tmp_path: Path, site: Site) -> None:
    with pytest.raises(ConfigurationError, match="has no project 'torch'"):
        read(written(tmp_path, MATRIX.replace("RELEASE", "2.8.0")), site)


def test_a_busy_index_is_asked_again(matrix: Matrix, site: Site) -> None:
    site.statuses = [503, 500]
    assert len(read(matrix, site).releases) == 1
    assert site.asked[:3] == ["/simple/ray/"] * 3


@pytest.mark.parametrize("status", [500, 503, 403])
def test_an_index_that_answers_with_an_error(matrix: Matrix, site: Site, status: int) -> None:
    site.status = status
    with pytest.raises(OutOfReachError, match=f"it answered {status}") as caught:
        read(matrix, site)
    assert "UV_DEFAULT_INDEX" in caught.value.todo


def test_an_index_that_hangs(matrix: Matrix, site: Site) -> None:
    site.hang = Event()
    start = monotonic()
    with pytest.raises(OutOfReachError, match="no answer in time"):
        read(matrix, site, timeout=0.2)
    assert monotonic() - start < 5


def test_an_index_that_is_not_there(matrix: Matrix, site: Site) -> None:
    with serving(site) as endpoint:
        pass
    with pytest.raises(OutOfReachError, match="no connection could be made"):
        refresh(matrix, Index(endpoint=endpoint, timeout=2), TODAY, lambda _: None)


@pytest.mark.parametrize(
    "page", [b"<html>log in", b"{}", b'{"meta": {"api-version": "9.0"}, "name": "ray", "files": []}']
)
def test_an_answer_that_is_no_page(matrix: Matrix, site: Site, page: bytes) -> None:
    site.page = page
    with pytest.raises(OutOfReachError):
        read(matrix, site)


def test_an_index_that_serves_whole_files_only(matrix: Matrix, site: Site) -> None:
    site.ranges = False
    with pytest.raises(OutOfReachError, match="range"):
        read(matrix, site)


def test_a_wheel_that_is_none(matrix: Matrix, site: Site) -> None:
    site.files = dict.fromkeys(site.files, b"no zip" * 100)
    with pytest.raises(OutOfReachError, match="cannot be read"):
        read(matrix, site)


def test_credentials_of_the_address_are_never_said(matrix: Matrix, site: Site) -> None:
    site.status = 403
    with serving(site) as endpoint:
        secret = replace(Index(), endpoint=endpoint.replace("127.0.0.1", "user:hunter2@127.0.0.1"))
        with pytest.raises(OutOfReachError) as caught:
            refresh(matrix, secret, TODAY, lambda _: None)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({"PIP_INDEX_URL": "http://pip/simple"}, "http://pip/simple"),
        ({"PIP_INDEX_URL": "http://pip/simple", "UV_DEFAULT_INDEX": "http://uv/simple"}, "http://uv/simple"),
        ({"PIP_INDEX_URL": "", "UV_INDEX_URL": "http://old/simple"}, "http://old/simple"),
        ({}, Index().endpoint),
    ],
)
def test_the_users_environment_names_the_index(environment: dict[str, str], endpoint: str) -> None:
    assert from_environment(environment).endpoint == endpoint


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT"])
def test_a_ca_bundle_of_the_users_own(tmp_path: Path, variable: str) -> None:
    bundle = tmp_path / "ca.pem"
    with pytest.raises(ConfigurationError, match=f"{variable} names .* does not exist"):
        from_environment({variable: str(bundle)})
    bundle.touch()
    assert from_environment({variable: str(bundle)}).ca_bundle == str(bundle)


@pytest.mark.parametrize(("seconds", "timeout"), [("", Index().timeout), ("45", 45.0), ("0.5", 0.5)])
def test_the_users_environment_says_how_long_to_wait(seconds: str, timeout: float) -> None:
    assert from_environment({"UV_HTTP_TIMEOUT": seconds}).timeout == timeout


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "1e9"])
def test_no_time_to_wait(seconds: str) -> None:
    with pytest.raises(ConfigurationError, match="UV_HTTP_TIMEOUT"):
        from_environment({"UV_HTTP_TIMEOUT": seconds})


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigurationError, match="PIP_INDEX_URL"):
        from_environment({"PIP_INDEX_URL": "mirror.local/simple"})
