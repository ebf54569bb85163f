"""`plan --changed-since` against the fingerprints themselves, for each kind of what decides an image."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from raydock.model import debs
from tests.support.clone import CPU, GROUP, ROOT, git
from tests.support.fingerprints import answer

PROGRAM = ROOT / "tests" / "support" / "fingerprints.py"
Change = Callable[[Path], object]


@dataclass(frozen=True)
class Replacement:
    """Changes text in a file; it must be there."""

    path: str
    old: str
    new: str

    def __call__(self, root: Path) -> None:
        path = root / self.path
        path.write_text(self.replaced(path.read_text()))

    def replaced(self, text: str) -> str:
        assert self.old in text, f"{self.path} has no {self.old!r}"
        return text.replace(self.old, self.new)


def adding(path: str) -> Change:
    def change(root: Path) -> None:
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("new")

    return change


def removing(path: str) -> Change:
    return lambda root: (root / path).unlink()


def relocking(name: str) -> Change:
    """Locks another version of each Debian package, sealed as raydock seals it."""

    def change(root: Path) -> None:
        path = root / "lockfiles" / f"{name}.debs"
        lock = debs.read(path)
        assert lock
        header = {key: value for key, value in lock.header.items() if key != "seal"}
        path.write_text(debs.compose(header, [replace(deb, version="6") for deb in lock.debs]))

    return change


def moving(root: Path) -> None:
    """Move the probe, and change the code that names its folder."""
    shutil.move(root / "raydock" / "probe", root / "raydock" / "elsewhere")
    for path in (root / "raydock").rglob("*.py"):
        path.write_text(path.read_text().replace("from raydock.probe.", "from raydock.elsewhere."))
    git(root, "add", "--all")
    Replacement("raydock/builder/recipe.py", '"probe"\n', '"elsewhere"\n')(root)
    Replacement("raydock/ci/inputs.yaml", "probe: raydock/probe", "probe: raydock/elsewhere")(root)


BUILDER, MODEL = "raydock/builder", "raydock/model"
LOCK = f"lockfiles/{CPU}.txt"
# Each changes a checkout, and those with `True` change some variant's fingerprint.
DATA: dict[str, tuple[Callable[[Path], object], bool]] = {
    "a pin of a lock": (Replacement(LOCK, "ray==2.60.0", "ray==2.60.1"), True),
    "a comment in a lock": (Replacement(LOCK, "# via aiohttp\n", "# via  aiohttp\n"), True),
    "a lock that is gone": (removing(LOCK), True),
    "a base's lock": (relocking("debian-py311"), True),
    "a pulled base's lock": (relocking("ubuntu-py312"), True),
    "a group's lock": (relocking("debian-py313+media"), True),
    "a comment in matrix.yaml": (Replacement("matrix.yaml", "registry:", "# words\nregistry:"), False),
    "the registry": (Replacement("matrix.yaml", "localhost:5000/raydock", "localhost:5000/other"), False),
    "the cut-off day": (Replacement("matrix.yaml", "2026-11-15", "2026-11-16"), True),
    "a base's suite": (Replacement("matrix.yaml", '"3.13": trixie', '"3.13": bookworm'), True),
    "a base's mirror": (
        Replacement("matrix.yaml", "bootstrap, ", "bootstrap, mirror: https://mirror.example/debian, "),
        True,
    ),
    "a pulled base's digest": (Replacement("matrix.yaml", "1" * 64, "2" * 64), True),
    "a pulled base's name": (Replacement("matrix.yaml", "mirror.example/ubuntu", "other.example/ubuntu"), True),
    "a pulled base's Python": (Replacement("matrix.yaml", "system", "managed"), True),
    "a base's name": (Replacement("matrix.yaml", "debian:", "other:"), True),
    "a group's OS packages": (Replacement("matrix.yaml", "[ffmpeg]", "[ffmpeg, curl]"), True),
    "a group's Python packages": (Replacement("matrix.yaml", "os-packages", "packages: [pip], os-packages"), True),
    "a group that becomes a selection": (Replacement("matrix.yaml", ", os-packages: [ffmpeg]", ""), True),
    "a group's name": (Replacement("matrix.yaml", "media", "video"), True),
    "GPUs of a wheel": (
        Replacement("matrix.yaml", "points:", 'gpus: [{torch: "2.13.0", cuda: "13.0", sm: [80]}]\npoints:'),
        True,
    ),
    "an axis": (Replacement("matrix.yaml", '"2.49.1", ', ""), True),
    "a new value on an axis": (Replacement("matrix.yaml", '"2.49.1", ', '"2.49.1", "2.50.1", '), True),
    "an exclusion": (Replacement("matrix.yaml", "points:", 'exclude: [{ray: "2.49.1", reason: old}]\npoints:'), True),
    "uv": (Replacement("requirements.txt", "uv==", "uv==9"), True),
    "another requirement": (Replacement("requirements.txt", "click==", "click==9"), False),
    "the Dockerfile's template": (Replacement("templates/Dockerfile.j2", "ENV PATH", "ENV  PATH"), True),
    "a template that it includes": (Replacement("templates/probe.j2", "ADD", "ADD "), True),
    "a comment in a template": (Replacement("templates/tree.j2", "{# ", "{#  "), False),
    "the base's template": (Replacement("templates/Base.Dockerfile.j2", "FROM", "FROM  "), True),
    "a template of pipelines": (Replacement("templates/ci/github.yml.j2", "name:", "name: "), False),
    "an installer": (Replacement("templates/installer/make-tree", "#!/bin/bash", "#!/bin/bash\n"), True),
    "a script": (Replacement("templates/image/scripts/user.sh", "#", "# "), True),
    "a module": (Replacement("templates/image/modules/raydock_runtime_env.py", '"""', '""" '), True),
    "a new module": (adding("templates/image/modules/new.py"), True),
    "a compiled module": (adding("templates/image/modules/__pycache__/new.pyc"), False),
    "a committed Dockerfile alone": (Replacement(f"images/{CPU}/Dockerfile", "ENV PATH", "ENV  PATH"), False),
    "a file that no image holds": (adding("README.md"), False),
}
# The same for what is part of the raydock that answers, so that the clone's own code must run.
CODE: dict[str, tuple[Change, bool]] = {
    "a file of the probe": (Replacement("raydock/probe/driver.py", '"""', '""" '), True),
    "a file of the probe that is gone": (removing("raydock/probe/compiler.cu"), True),
    "the probe's folder": (moving, False),
    "rendering": (Replacement(f"{BUILDER}/render.py", '"Ray {variant.ray}"', '"Ray, {variant.ray}"'), True),
    "what the GPUs are": (Replacement("raydock/compat/data/sm.yaml", "cuda: ", "cuda:  "), False),
    "constraints": (Replacement(f"{BUILDER}/constraints.py", "# What pip", "# what pip"), True),
    "packages for a different CUDA": (Replacement("raydock/compat/data/cuda.yaml", "  ucx-py-cuNN, ", "  "), True),
    "which layer a package is in": (Replacement(f"{BUILDER}/layers.py", '"(nvidia|cuda)-.+"', '"nvidia-.+"'), True),
    "what a layer's file has": (Replacement(f"{BUILDER}/layers.py", '"# built with', '"# made with'), False),
    "image.json": (Replacement(f"{BUILDER}/recipe.py", "IMAGE_SCHEMA = 1", "IMAGE_SCHEMA = 2"), True),
    "the fingerprint": (Replacement(f"{BUILDER}/recipe.py", '"lock": self', '"locked": self'), True),
    "the platform": (Replacement(f"{BUILDER}/schedule.py", 'f"linux/{', 'f"linux/x{'), True),
    "what the base's recipe has": (Replacement(f"{BUILDER}/baserecipe.py", '"steps": steps', '"how": steps'), True),
    "the packages of bases": (Replacement(f"{BUILDER}/baserecipe.py", '"procps", ', ""), True),
    "the packages of bases with a compiler": (Replacement(f"{BUILDER}/baserecipe.py", '"g++", ', ""), True),
    "the name service": (Replacement(f"{BUILDER}/nss.yaml", "72 61 79 00", "61 62 63 00"), True),
    "how the name service is read": (Replacement(f"{BUILDER}/nss.py", "_PAGE = 0x1000", "_PAGE = 0x2000"), True),
    "what is not unpacked": (Replacement(f"{BUILDER}/bootstrap.py", '"info", "locale", ', '"locale", '), True),
    "mmdebstrap's hooks": (Replacement(f"{BUILDER}/bootstrap.py", "Pin-Priority: -1", "Pin-Priority: -2"), True),
    "what is left out": (Replacement(f"{BUILDER}/rootfs.py", '"lib32", ', ""), True),
    "what a pulled base loses": (Replacement(f"{BUILDER}/pulled.py", '"LD_AUDIT", ', ""), True),
    "labels that a pulled base loses": (Replacement(f"{MODEL}/labels.py", '"io.ray.*", ', ""), True),
    "packages of the compiler": (Replacement("raydock/compat/data/toolchain.yaml", "- ninja", "- other"), True),
    "what has a compiler": (
        Replacement("raydock/compat/toolchain.py", "return variant.cuda if", "return variant.torch if"),
        True,
    ),
    "glibc of a base": (Replacement(f"{MODEL}/bases.py", '"bookworm": "2.36"', '"bookworm": "2.37"'), True),
    "how a deb is written": (Replacement(f"{MODEL}/debs.py", "sha256:{self.sha256} ", "sha256={self.sha256} "), True),
    "how a pin is read": (
        Replacement(f"{MODEL}/lock.py", 'return "".join(f"{line}\\n"', 'return "".join(f"{line} \\n"'),
        True,
    ),
    "the cut-off's second": (Replacement(f"{MODEL}/matrix.py", ".timestamp())", ".timestamp()) + 1"), True),
    "which packages a group adds": (Replacement(f"{MODEL}/packages.py", "canonicalize_name(name)", "str(name)"), False),
    "what an image says of its axes": (
        Replacement(f"{MODEL}/variant.py", "for axis in Axis}", "for axis in Axis if axis is not Axis.ARCH}"),
        True,
    ),
    "a comment in code": (Replacement(f"{BUILDER}/bootstrap.py", "# usrmerge would", "# usrmerge will"), False),
    "a comment in data": (Replacement(f"{BUILDER}/nss.yaml", "# 1 bucket", "# one bucket"), False),
    "a docstring": (Replacement(f"{BUILDER}/baserecipe.py", '"""Its name, such', '"""The name, such'), False),
    "code of a module that decides nothing": (
        Replacement(f"{BUILDER}/basemaker.py", "building the base image", "building a base image"),
        False,
    ),
}
# Code counts for all variants, so that the answer names those of them too whose image happens to be the same.
MORE = {
    "the probe's folder",
    "packages for a different CUDA",
    "which layer a package is in",
    "what a layer's file has",
    "the packages of bases with a compiler",
    "packages of the compiler",
    "what has a compiler",
    "glibc of a base",
    "which packages a group adds",
}


def by_its_own_code(root: Path) -> dict[str, dict[str, str]]:
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(PROGRAM)]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def before(clone: Path) -> dict[str, str]:
    found = answer(clone)
    assert found == by_its_own_code(clone)
    assert found["changes"] == {}
    assert not [text for text in found["fingerprints"].values() if text.startswith("none")]
    return found["fingerprints"]


def compared(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """What differs between fingerprints."""
    changed = {name: "changed" for name in before.keys() & now.keys() if before[name] != now[name]}
    new = dict.fromkeys(now.keys() - before.keys(), "new")
    return {**changed, **new, **dict.fromkeys(before.keys() - now.keys(), "gone")}


@pytest.mark.parametrize("kind", DATA)
def test_data(root: Path, before: dict[str, str], kind: str) -> None:
    change, matters = DATA[kind]
    change(root)
    now = answer(root)
    assert now["changes"] == compared(before, now["fingerprints"])
    assert bool(now["changes"]) == matters


@pytest.mark.parametrize("kind", CODE)
def test_code(root: Path, before: dict[str, str], kind: str) -> None:
    change, matters = CODE[kind]
    change(root)
    now = by_its_own_code(root)
    expected = compared(before, now["fingerprints"])
    assert bool(expected) == matters
    if kind in MORE:
        assert expected.items() < now["changes"].items()
    else:
        assert now["changes"] == expected


def test_a_group_has_a_lock_of_its_own(root: Path, before: dict[str, str]) -> None:
    relocking("debian-py313+media")(root)
    assert answer(root)["changes"] == {GROUP: "changed"}
