"""Facts read from a package index, which is a server on loopback: PEP 691 pages, wheels by range, PEP 658 metadata,
and faults."""

import os
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from raydock.core.errors import ConfigurationError, OutOfReachError
from raydock.index.addresses import Address
from raydock.index.client import Index, from_environment
from raydock.index.releases import oldest, survey
from raydock.model import matrix as matrix_file
from raydock.model.facts import PROJECTS, Facts, Wheel
from raydock.model.matrix import Matrix
from tests.support.index import Site, serving
from tests.support.wheels import metadata, wheel

TODAY = date(2026, 11, 22)
TOMORROW = date(2026, 11, 23)
NOTHING = Facts({})
PADDING = 400_000  # bytes in a wheel that must not be downloaded

MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {debian: {source: bootstrap, python: {"3.11": bookworm}}}
axes: {python: ["3.11"], torch: [none, RELEASE], ray: [2.60.0]}
"""


def padded(project: str, version: str, requires: tuple[str, ...]) -> bytes:
    """A large wheel that vendors a different package."""
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
    site.add("ray", "ray-2.62.0.tar.gz")
    site.add("ray", "ray-2.61.0rc0-cp311-cp311-manylinux2014_x86_64.whl", body)
    return site


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    return written(tmp_path, MATRIX.replace(", RELEASE", ""))


def written(tmp_path: Path, text: str) -> Matrix:
    path = tmp_path / "matrix.yaml"
    path.write_text(text)
    return matrix_file.load(path)


def read(matrix: Matrix, site: Site, timeout: float = 5.0, known: Facts = NOTHING, day: date = TODAY) -> Facts:
    with serving(site) as endpoint:
        return survey(matrix, Index(address=Address(url=endpoint), timeout=timeout)).refresh(known, day, lambda _: None)


def changes(matrix: Matrix, site: Site, known: Facts) -> dict[str, str]:
    with serving(site) as endpoint:
        found = survey(matrix, Index(address=Address(url=endpoint))).changes(known)
    return {" ".join(key): words for key, words in found.items()}


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
    assert len({path for path in site.requests if path.startswith("/files/")}) == 1
    assert site.sent < PADDING / 2


def test_metadata_is_read_from_the_file_next_to_the_wheel(matrix: Matrix, site: Site) -> None:
    text = metadata("ray", "2.60.0", ("from-pep-658",))
    for file in site.pages["ray"]:
        file["core-metadata"] = {"sha256": sha256(text).hexdigest()}
    site.files["ray-2.60.0-cp310-cp310-manylinux2014_x86_64.whl.metadata"] = text
    assert read(matrix, site).releases["ray", "2.60.0"].requires_dist == ("from-pep-658",)
    assert [path for path in site.requests if path.endswith(".whl")] == []


def test_a_missing_metadata_file_is_replaced_by_the_wheel(matrix: Matrix, site: Site) -> None:
    for file in site.pages["ray"]:
        file["core-metadata"] = True
    assert read(matrix, site).releases["ray", "2.60.0"].requires_dist[0] == "click>=7.0"


def test_metadata_with_a_different_hash_is_refused(matrix: Matrix, site: Site) -> None:
    for file in site.pages["ray"]:
        file["core-metadata"] = {"sha256": "0" * 64}
    site.files["ray-2.60.0-cp310-cp310-manylinux2014_x86_64.whl.metadata"] = b"Name: ray"
    with pytest.raises(OutOfReachError, match="cannot be read"):
        read(matrix, site)


def test_yanked_wheels_are_kept_and_marked(matrix: Matrix, site: Site) -> None:
    site.pages["ray"][1]["yanked"] = "broken"
    wheels = read(matrix, site).releases["ray", "2.60.0"].wheels
    assert [wheel.yanked for wheel in wheels] == [True, False]
    assert not any("cp310" in path for path in site.requests)


def test_every_final_release_that_is_not_too_old_is_read_too(matrix: Matrix, site: Site) -> None:
    body = site.files["ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl"]
    for version in ("2.62.1", "2.9.0", "2.8.1", "2.63.0.dev1", "2.63.0rc1"):
        site.add("ray", f"ray-{version}-cp311-cp311-manylinux2014_x86_64.whl", body)
    site.add("ray", "ray-2.62.2-cp311-cp311-win_amd64.whl")
    assert set(oldest()) == set(PROJECTS)
    assert sorted(version for _, version in read(matrix, site).releases) == ["2.60.0", "2.62.1", "2.9.0"]


def test_unchanged_releases_are_not_read_again(matrix: Matrix, site: Site) -> None:
    known = read(matrix, site)
    site.requests.clear()
    assert read(matrix, site, known=known, day=TOMORROW) == known
    assert [path for path in site.requests if path.startswith("/files/")] == []
    assert changes(matrix, site, known) == {}


def test_a_release_with_a_new_file_is_read_again(matrix: Matrix, site: Site) -> None:
    known = read(matrix, site)
    site.add("ray", "ray-2.60.0-cp312-cp312-manylinux2014_x86_64.whl", b"no zip: the smallest is read")
    site.files["ray-2.60.0-cp312-cp312-manylinux2014_x86_64.whl"] = padded("ray", "2.60.0", ("click>=8",))
    assert changes(matrix, site, known) == {
        "ray 2.60.0": "gained ray-2.60.0-cp312-cp312-manylinux2014_x86_64.whl",
    }
    ray = read(matrix, site, known=known, day=TOMORROW).releases["ray", "2.60.0"]
    assert (len(ray.wheels), ray.requires_dist, ray.read) == (3, ("click>=8",), "2026-11-23")


def test_every_change_is_listed(matrix: Matrix, site: Site) -> None:
    known = read(matrix, site)
    older = replace(known.releases["ray", "2.60.0"], version="2.59.0")
    new, old = (f"ray-2.60.0-{tag}-{tag}-manylinux2014_x86_64.whl" for tag in ("cp311", "cp310"))
    files = {file["filename"]: file for file in site.pages["ray"]}
    files[new]["yanked"], files[new]["hashes"] = True, {"sha256": "0" * 64}
    site.pages["ray"].remove(files[old])
    site.add("ray", "ray-2.60.0.tar.gz")
    site.add("ray", "ray-2.62.1-cp311-cp311-manylinux2014_x86_64.whl")
    assert changes(matrix, site, Facts({**known.releases, ("ray", "2.59.0"): older})) == {
        "ray 2.59.0": "was removed from the index",
        "ray 2.60.0": f"lost {old}, yanked {new}, changed {new}, has ray-2.60.0.tar.gz instead of no source",
        "ray 2.62.1": "is new",
    }


def test_several_projects_and_progress(tmp_path: Path, site: Site) -> None:
    site.add("torch", "torch-2.8.0-py3-none-any.whl", padded("torch", "2.8.0", ("filelock",)))
    matrix = written(tmp_path, MATRIX.replace("RELEASE", "2.8.0"))
    lines: list[str] = []
    with serving(site) as endpoint:
        facts = survey(matrix, Index(address=Address(url=endpoint))).refresh(NOTHING, TODAY, lines.append)
    assert sorted(lines) == ["ray 2.60.0", "torch 2.8.0"]
    assert facts.releases["torch", "2.8.0"].wheels[0].filename == "torch-2.8.0-py3-none-any.whl"


def test_a_release_with_no_wheel_for_this_platform(tmp_path: Path, site: Site) -> None:
    site.add("torch", "torch-2.8.0.tar.gz")
    site.add("torch", "torch-2.8.0-cp311-cp311-win_amd64.whl")
    release = read(written(tmp_path, MATRIX.replace("RELEASE", "2.8.0")), site).releases["torch", "2.8.0"]
    assert (release.wheels, release.requires_dist, release.requires_python) == ((), (), ">=3.10")
    assert release.sdist == "torch-2.8.0.tar.gz"


def test_an_unknown_version_gets_the_nearest_final_one(tmp_path: Path, site: Site) -> None:
    with pytest.raises(ConfigurationError, match=r"ray 2\.61\.0 is not in the package index") as caught:
        read(written(tmp_path, MATRIX.replace("2.60.0", "2.61.0").replace(", RELEASE", "")), site)
    assert "Did you mean '2.62.0'?" in caught.value.todo


def test_an_index_without_the_project(tmp_path: Path, site: Site) -> None:
    with pytest.raises(ConfigurationError, match="has no project 'torch'"):
        read(written(tmp_path, MATRIX.replace("RELEASE", "2.8.0")), site)


def test_a_request_to_a_busy_index_is_repeated(matrix: Matrix, site: Site) -> None:
    site.statuses = [503, 500]
    assert len(read(matrix, site).releases) == 1
    assert sum(path.startswith("/simple/") for path in site.requests) == 3 + 2


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


def test_an_unreachable_index(matrix: Matrix, site: Site) -> None:
    with serving(site) as endpoint:
        pass
    with pytest.raises(OutOfReachError, match="no connection could be made"):
        survey(matrix, Index(address=Address(url=endpoint), timeout=2))


@pytest.mark.parametrize(
    "page", [b"<html>log in", b"{}", b'{"meta": {"api-version": "9.0"}, "name": "ray", "files": []}']
)
def test_an_answer_that_is_not_a_page(matrix: Matrix, site: Site, page: bytes) -> None:
    site.page = page
    with pytest.raises(OutOfReachError):
        read(matrix, site)


def test_an_index_that_serves_whole_files_only(matrix: Matrix, site: Site) -> None:
    expected = read(matrix, site)
    site.ranges = False
    assert read(matrix, site) == expected
    assert site.sent > PADDING


def test_an_invalid_wheel(matrix: Matrix, site: Site) -> None:
    site.files = dict.fromkeys(site.files, b"no zip" * 100)
    with pytest.raises(OutOfReachError, match="cannot be read"):
        read(matrix, site)


def test_credentials_of_the_address_are_never_printed(matrix: Matrix, site: Site) -> None:
    site.status = 403
    with serving(site) as endpoint:
        secret = from_environment({"UV_DEFAULT_INDEX": endpoint.replace("127.0.0.1", "user:hunter2@127.0.0.1")})
        with pytest.raises(OutOfReachError) as caught:
            survey(matrix, secret)
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
