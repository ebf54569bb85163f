"""Locks of Debian packages, made by the real apt of this host from an archive with tiny packages."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from raydock.builder import aptsources
from raydock.builder.aptsources import AptSource
from raydock.builder.baserecipe import group_debs, recipe_for
from raydock.builder.debs import locker, moved
from raydock.builder.debs.hostapt import HostApt
from raydock.builder.debs.locker import DebLocker
from raydock.builder.debs.store import DebStore
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError, OutOfReachError, RaydockError, VariantError
from raydock.core.events import silent
from raydock.lock.stale import StaleReason
from raydock.model import debs, matrix
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant
from tests.support.debianarchive import DebianArchive, debian_archive

pytestmark = pytest.mark.skipif(not shutil.which("apt-get"), reason="apt is not on this host")
ROOT = Path(__file__).parents[4]
SUITES = {"3.11": "bookworm", "3.13": "trixie"}
OWN = ("bash", "ca-certificates", "hostname", "openssl", "procps", "wget", "python3", "apt", "usr-is-merged")
# What bases of one Python need in addition.
ADDED = {"3.11": {"python3-distutils"}, "3.13": set[str]()}
MATRIX = """\
registry: localhost:5000/raydock
cutoff: 2026-11-15
bases: {{debian: {{source: bootstrap, python: {{"3.11": bookworm, "3.13": trixie}}}}}}
axes: {{python: ["3.11", "3.13"], ray: ["2.60.0"]}}
groups:
  media:
    python: "*"
    os-packages:
      - tool
      - {package}
"""


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DebianArchive]:
    """An archive with both suites, which is the only apt source of this host."""
    with debian_archive(tmp_path / "archive") as served:
        for python, suite in SUITES.items():
            for name in (*OWN, *ADDED[python]):
                served.put(suite, name, "1.0")
            served.put(suite, "essential", "1.0", Essential="yes")
            served.put(suite, "library", "1.0")
            served.put(suite, "tool", "2:1.0", Depends="library")
            served.put(suite, "other", "1.0")
            served.put(suite, "rival", "1.0", Conflicts="tool")
            served.put(suite, "enemy", "1.0", Conflicts="wget")
        served.put("trixie", "newer", "1.0")
        empty = ("bookworm-security", "trixie-security", "bullseye-security", "bullseye")
        for suite in empty:
            served.put(suite, "unrelated", "1.0")
        suites = (*SUITES.values(), *empty)
        sources = tuple(
            AptSource(
                place="/etc/apt/sources.list:1",
                uri=served.address,
                suite=suite,
                components=("main",),
                options={"Trusted": "yes"},
            )
            for suite in suites
        )
        monkeypatch.setattr(aptsources, "sources", lambda: sources)
        monkeypatch.setattr(aptsources, "releases", dict)
        yield served


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = Checkout(tmp_path / "checkout")
    shutil.copytree(ROOT / "templates", folder.root / "templates")
    folder.lockfiles.mkdir()
    return folder


def variant(python: str, flavor: str = "media") -> Variant:
    return Variant(ray="2.60.0", python=python, flavor=flavor)


def read(checkout: Checkout, package: str = "other") -> Matrix:
    checkout.matrix.write_text(MATRIX.format(package=package))
    return matrix.load(checkout.matrix)


def lock(checkout: Checkout, chosen: Matrix, python: str = "3.11") -> dict[str, RaydockError | None]:
    def no_engine(*_: object) -> None:
        raise AssertionError("a bootstrapped base needs no engine")

    deb_locker = DebLocker(matrix=chosen, checkout=checkout, bundle=None, listener=silent, pulled=no_engine)  # type: ignore[arg-type]
    return {result.name: result.error for result in deb_locker.lock([variant(python)])}


def names(checkout: Checkout, name: str) -> dict[str, str]:
    deb_lock = debs.read(checkout.deb_lock(name))
    assert deb_lock
    return {deb.name: deb.version for deb in deb_lock.debs}


@pytest.mark.parametrize("python", SUITES)
def test_a_base_and_the_packages_of_a_group(archive: DebianArchive, checkout: Checkout, python: str) -> None:
    parsed, base = read(checkout), f"debian-py{python.replace('.', '')}"
    assert lock(checkout, parsed, python) == {base: None, f"{base}+media": None}
    assert set(names(checkout, base)) == {*OWN, *ADDED[python], "essential"}
    assert names(checkout, f"{base}+media") == {"library": "1.0", "other": "1.0", "tool": "2:1.0"}
    text = checkout.deb_lock(base).read_text()
    assert f"# suite: {SUITES[python]}\n" in text
    assert "127.0.0.1" not in text
    assert not locker.check(parsed, checkout, [variant(python)])
    kept = DebStore(folder=checkout.debs)
    group = group_debs(parsed, variant(python), checkout)
    assert group
    assert kept.missing(recipe_for(parsed, variant(python), checkout).debs) == kept.missing(group) == []


def test_missing_edited_and_stale_locks(archive: DebianArchive, checkout: Checkout) -> None:
    parsed = read(checkout)
    stale = locker.check(parsed, checkout, [variant("3.11")])
    assert stale == {"debian-py311": StaleReason.MISSING, "debian-py311+media": StaleReason.MISSING}
    with pytest.raises(ConfigurationError, match=r"debian-py311.debs does not exist"):
        recipe_for(parsed, variant("3.11"), checkout)
    lock(checkout, parsed)
    more = read(checkout, "library")
    assert list(locker.check(more, checkout, [variant("3.11")])) == ["debian-py311+media"]
    with pytest.raises(ConfigurationError, match=r"debian-py311\+media.debs is out of date"):
        group_debs(more, variant("3.11"), checkout)
    path = checkout.deb_lock("debian-py311")
    path.write_text(path.read_text().replace("wget 1.0", "wget 1.1"))
    assert locker.check(parsed, checkout, [variant("3.11")])["debian-py311"] is StaleReason.EDITED
    with pytest.raises(ConfigurationError, match="edited by hand"):
        recipe_for(parsed, variant("3.11"), checkout)
    checkout.deb_lock("old-py311").write_text("")
    assert list(locker.orphans(parsed, checkout, [variant("3.11")])) == ["old-py311"]


@pytest.mark.parametrize(
    ("package", "phrases"),
    [
        ("othr", ("matrix.yaml:10: bookworm has no package 'othr' for the base debian.", "did you mean 'other'?")),
        ("newer", ("matrix.yaml:10: bookworm has no package 'newer'", "It exists in trixie", "whose base is trixie")),
        ("rival", ("matrix.yaml:", "rival cannot be installed in the base debian: ", "onflict", "remove one of")),
        ("enemy", ("matrix.yaml:10: enemy cannot be installed in the base debian: ", "wget")),
    ],
)
def test_packages_that_apt_refuses(
    archive: DebianArchive, checkout: Checkout, package: str, phrases: tuple[str, ...]
) -> None:
    error = lock(checkout, read(checkout, package))["debian-py311+media"]
    assert isinstance(error, ConfigurationError)
    for phrase in phrases:
        assert phrase in str(error), str(error)
    assert not checkout.deb_lock("debian-py311+media").exists()


@pytest.mark.parametrize("name", ["ffmpeg=5.1", "FFmpeg", "ffmpeg/bookworm", "x"])
def test_a_name_that_is_not_a_package(checkout: Checkout, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"matrix.yaml:10: .* is not allowed for 'groups.media.os-packages'"):
        read(checkout, name)


def test_an_archive_with_newer_versions(archive: DebianArchive, checkout: Checkout) -> None:
    parsed = read(checkout)
    lock(checkout, parsed)
    recipe = recipe_for(parsed, variant("3.11"), checkout)
    files = {deb.sha256: (checkout.debs / deb.file).read_bytes() for deb in recipe.debs.debs}
    archive.put("bookworm", "wget", "1.1")
    shutil.rmtree(checkout.work)  # as in a clean clone
    apt = HostApt(base=recipe.base, bundle=None, work=checkout.work)
    with pytest.raises(OutOfReachError) as error:
        DebStore(folder=checkout.debs).complete(recipe.debs, apt)
    assert "1 of the 11 packages in debian-py311.debs cannot be downloaded" in str(error.value)
    assert "The archive has different versions now: wget is 1.1." in str(error.value)
    assert "`./build.py lock`" in str(error.value)
    DebStore(folder=checkout.debs, backup=lambda deb: files[deb.sha256]).complete(recipe.debs, apt)
    assert not locker.check(parsed, checkout, [variant("3.11")])


def test_a_modified_file_is_refused(archive: DebianArchive, checkout: Checkout) -> None:
    parsed = read(checkout)
    lock(checkout, parsed)
    recipe = recipe_for(parsed, variant("3.11"), checkout)
    wget = checkout.debs / "wget_1.0_all.deb"
    wget.write_bytes(wget.read_bytes()[:-1] + b"x")
    apt = HostApt(base=recipe.base, bundle=None, work=checkout.work)
    with pytest.raises(VariantError, match=r"wget_1.0_all.deb is not the file that debian-py311.debs locks"):
        DebStore(folder=checkout.debs).complete(recipe.debs, apt)


CHANGELOG = """\
wget (1.1) bookworm-security; urgency=high

  * CVE-2026-10001: a crash. Also CVE-2026-10002.

 -- Some Maintainer <maintainer@example.org>  Sun, 29 Nov 2026 00:00:00 +0000

wget (1.0) bookworm; urgency=low

  * CVE-2020-10003

 -- Some Maintainer <maintainer@example.org>  Wed, 01 Jan 2020 00:00:00 +0000
"""


def test_newer_versions_and_the_advisories_that_an_update_fixes(archive: DebianArchive, checkout: Checkout) -> None:
    parsed = read(checkout)
    lock(checkout, parsed)
    requests = {request.name: request for request in locker.requests(parsed, checkout, [variant("3.11")])}
    locks = {name: (request, debs.load(checkout.deb_lock(name), request.digest)) for name, request in requests.items()}
    assert moved.survey(locks, checkout.work, None) == moved.MovedPackages(moved=(), notes=())
    archive.put("bookworm-security", "wget", "1.1", changelog=CHANGELOG)
    archive.put("bookworm", "other", "1.2")
    survey = moved.survey(locks, checkout.work, None)
    assert sorted((deb.name, deb.locked, deb.now, deb.security, deb.advisories) for deb in survey.moved) == [
        ("other", "1.0", "1.2", False, ()),
        ("wget", "1.0", "1.1", True, ("CVE-2026-10001", "CVE-2026-10002")),
    ]
    shutil.rmtree(archive.folder)
    survey = moved.survey(locks, checkout.work, None)
    assert not survey.moved
    assert "Packages of Debian bookworm were not checked for newer versions" in survey.notes[0]
