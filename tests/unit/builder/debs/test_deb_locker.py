"""Locks of Debian packages by this host's real apt, from an archive of tiny packages."""

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
from raydock.lock.locker import StaleReason
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
    """An archive with both suites, which is what this host's apt sources name."""
    with debian_archive(tmp_path / "archive") as found:
        for python, suite in SUITES.items():
            for name in (*OWN, *ADDED[python]):
                found.put(suite, name, "1.0")
            found.put(suite, "essential", "1.0", Essential="yes")
            found.put(suite, "library", "1.0")
            found.put(suite, "tool", "2:1.0", Depends="library")
            found.put(suite, "other", "1.0")
            found.put(suite, "rival", "1.0", Conflicts="tool")
            found.put(suite, "enemy", "1.0", Conflicts="wget")
        found.put("trixie", "newer", "1.0")
        empty = ("bookworm-security", "trixie-security", "bullseye-security", "bullseye")
        for suite in empty:
            found.put(suite, "unrelated", "1.0")
        suites = (*SUITES.values(), *empty)
        sources = tuple(
            AptSource(
                place="/etc/apt/sources.list:1",
                uri=found.address,
                suite=suite,
                components=("main",),
                options={"Trusted": "yes"},
            )
            for suite in suites
        )
        monkeypatch.setattr(aptsources, "sources", lambda: sources)
        monkeypatch.setattr(aptsources, "releases", dict)
        yield found


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    found = Checkout(tmp_path / "checkout")
    shutil.copytree(ROOT / "templates", found.root / "templates")
    found.lockfiles.mkdir()
    return found


def variant(python: str, flavor: str = "media") -> Variant:
    return Variant(ray="2.60.0", python=python, flavor=flavor)


def read(checkout: Checkout, package: str = "other") -> Matrix:
    checkout.matrix.write_text(MATRIX.format(package=package))
    return matrix.load(checkout.matrix)


def lock(checkout: Checkout, found: Matrix, python: str = "3.11") -> dict[str, RaydockError | None]:
    def no_engine(*_: object) -> None:
        raise AssertionError("a bootstrapped base needs no engine")

    made = DebLocker(matrix=found, checkout=checkout, bundle=None, listener=silent, pulled=no_engine)  # type: ignore[arg-type]
    return {item.name: item.error for item in made.lock([variant(python)])}


def names(checkout: Checkout, name: str) -> dict[str, str]:
    found = debs.read(checkout.deb_lock(name))
    assert found
    return {deb.name: deb.version for deb in found.debs}


@pytest.mark.parametrize("python", SUITES)
def test_a_base_and_what_a_group_adds(archive: DebianArchive, checkout: Checkout, python: str) -> None:
    found, base = read(checkout), f"debian-py{python.replace('.', '')}"
    assert lock(checkout, found, python) == {base: None, f"{base}+media": None}
    assert set(names(checkout, base)) == {*OWN, *ADDED[python], "essential"}
    assert names(checkout, f"{base}+media") == {"library": "1.0", "other": "1.0", "tool": "2:1.0"}
    text = checkout.deb_lock(base).read_text()
    assert f"# suite: {SUITES[python]}\n" in text
    assert "127.0.0.1" not in text
    assert not locker.check(found, checkout, [variant(python)])
    kept = DebStore(folder=checkout.debs)
    group = group_debs(found, variant(python), checkout)
    assert group
    assert kept.missing(recipe_for(found, variant(python), checkout).debs) == kept.missing(group) == []


def test_a_lock_that_is_missing_edited_or_stale(archive: DebianArchive, checkout: Checkout) -> None:
    found = read(checkout)
    stale = locker.check(found, checkout, [variant("3.11")])
    assert [(item.name, item.reason) for item in stale] == [
        ("debian-py311", StaleReason.MISSING),
        ("debian-py311+media", StaleReason.MISSING),
    ]
    with pytest.raises(ConfigurationError, match=r"debian-py311.debs does not exist"):
        recipe_for(found, variant("3.11"), checkout)
    lock(checkout, found)
    more = read(checkout, "library")
    assert [item.name for item in locker.check(more, checkout, [variant("3.11")])] == ["debian-py311+media"]
    with pytest.raises(ConfigurationError, match=r"debian-py311\+media.debs is out of date"):
        group_debs(more, variant("3.11"), checkout)
    path = checkout.deb_lock("debian-py311")
    path.write_text(path.read_text().replace("wget 1.0", "wget 1.1"))
    assert locker.check(found, checkout, [variant("3.11")])[0].reason is StaleReason.EDITED
    with pytest.raises(ConfigurationError, match="edited by hand"):
        recipe_for(found, variant("3.11"), checkout)
    checkout.deb_lock("old-py311").write_text("")
    assert [item.name for item in locker.orphans(found, checkout, [variant("3.11")])] == ["old-py311"]


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("othr", ("matrix.yaml:10: bookworm has no package 'othr' for the base debian.", "did you mean 'other'?")),
        ("newer", ("matrix.yaml:10: bookworm has no package 'newer'", "It exists in trixie", "whose base is trixie")),
        ("rival", ("matrix.yaml:", "rival cannot be installed in the base debian: ", "onflict", "remove one of")),
        ("enemy", ("matrix.yaml:10: enemy cannot be installed in the base debian: ", "wget")),
    ],
)
def test_packages_that_apt_refuses(
    archive: DebianArchive, checkout: Checkout, package: str, words: tuple[str, ...]
) -> None:
    error = lock(checkout, read(checkout, package))["debian-py311+media"]
    assert isinstance(error, ConfigurationError)
    for word in words:
        assert word in str(error), str(error)
    assert not checkout.deb_lock("debian-py311+media").exists()


@pytest.mark.parametrize("name", ["ffmpeg=5.1", "FFmpeg", "ffmpeg/bookworm", "x"])
def test_a_name_that_is_not_a_package(checkout: Checkout, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"matrix.yaml:10: .* is not allowed for 'groups.media.os-packages'"):
        read(checkout, name)


def test_an_archive_that_moved_on(archive: DebianArchive, checkout: Checkout) -> None:
    found = read(checkout)
    lock(checkout, found)
    recipe = recipe_for(found, variant("3.11"), checkout)
    files = {deb.sha256: (checkout.debs / deb.file).read_bytes() for deb in recipe.debs.debs}
    archive.put("bookworm", "wget", "1.1")
    shutil.rmtree(checkout.work)  # as in a clean clone
    apt = HostApt(base=recipe.base, bundle=None, work=checkout.work)
    with pytest.raises(OutOfReachError) as error:
        DebStore(folder=checkout.debs).complete(recipe.debs, apt)
    assert "1 of the 11 packages that debian-py311.debs locks cannot be fetched" in str(error.value)
    assert "The archive has moved on: wget is 1.1." in str(error.value)
    assert "`./build.py lock`" in str(error.value)
    DebStore(folder=checkout.debs, kept=lambda deb: files[deb.sha256]).complete(recipe.debs, apt)
    assert not locker.check(found, checkout, [variant("3.11")])


def test_a_modified_file_is_refused(archive: DebianArchive, checkout: Checkout) -> None:
    found = read(checkout)
    lock(checkout, found)
    recipe = recipe_for(found, variant("3.11"), checkout)
    wget = checkout.debs / "wget_1.0_all.deb"
    wget.write_bytes(wget.read_bytes()[:-1] + b"x")
    apt = HostApt(base=recipe.base, bundle=None, work=checkout.work)
    with pytest.raises(VariantError, match=r"wget_1.0_all.deb is not the file that debian-py311.debs locks"):
        DebStore(folder=checkout.debs).complete(recipe.debs, apt)


CHANGELOG = """\
wget (1.1) bookworm-security; urgency=high

  * CVE-2026-10001: a crash. Also CVE-2026-10002.

 -- nobody <nobody@example.org>  Sun, 29 Nov 2026 00:00:00 +0000

wget (1.0) bookworm; urgency=low

  * CVE-2020-10003

 -- nobody <nobody@example.org>  Wed, 01 Jan 2020 00:00:00 +0000
"""


def test_what_moved_and_the_advisories_that_an_update_closes(archive: DebianArchive, checkout: Checkout) -> None:
    found = read(checkout)
    lock(checkout, found)
    requests = {item.name: item for item in locker.requests(found, checkout, [variant("3.11")])}
    locks = {name: (item, debs.load(checkout.deb_lock(name), item.digest)) for name, item in requests.items()}
    assert moved.survey(locks, checkout.work, None) == moved.MovedPackages(moved=(), notes=())
    archive.put("bookworm-security", "wget", "1.1", changelog=CHANGELOG)
    archive.put("bookworm", "other", "1.2")
    survey = moved.survey(locks, checkout.work, None)
    assert sorted((item.name, item.locked, item.now, item.security, item.advisories) for item in survey.moved) == [
        ("other", "1.0", "1.2", False, ()),
        ("wget", "1.0", "1.1", True, ("CVE-2026-10001", "CVE-2026-10002")),
    ]
    shutil.rmtree(archive.folder)
    survey = moved.survey(locks, checkout.work, None)
    assert not survey.moved
    assert "Not checked whether packages of Debian bookworm moved" in survey.notes[0]
