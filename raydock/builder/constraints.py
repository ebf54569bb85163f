"""The constraints for pip and uv in an image: /opt/raydock/constraints.txt.

They have the packages that `pip install` and `uv pip install` must not change. Other packages of the lock can be
replaced: a job can install its own `requests`. Packages for other CUDA majors are refused, because they load a second
CUDA into the process. raydock/compat/data/cuda.yaml has their names.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from packaging.version import Version

from raydock.compat.cuda_packages import MAJORS, cuda_names
from raydock.model.lock import Lock
from raydock.model.variant import Variant

_PINNED = re.compile(r"torch|ray|vllm|triton|(nvidia|cuda)-.+|.+-cu\d\d")
_LIBRARY = re.compile(r"nvidia-(cu(?!tlass)|nc|nv).+")
_MAJOR = re.compile(r"(?P<stem>.+)-cu(?P<major>\d\d)")
_HEAD = """\
# What pip and uv must not change in {name}: PIP_CONSTRAINT and UV_CONSTRAINT name this file.
# `===` accepts only this build. `==` also accepts local builds of the same version, such as +cpu.
# To change these, build a different variant (docs/how-to/derived-images.md), or override this file for one command:
# PIP_CONSTRAINT= pip install ..., UV_CONSTRAINT= uv pip install ...
"""
_OTHERS = """\
# Packages for a different CUDA than {cuda} load a second CUDA into the process. `<0` accepts no version of a package.
# `==` and `>=` accept the versions that work with CUDA {cuda}.
"""


def constraints(variant: Variant, lock: Lock) -> str:
    """The text of the file for a variant with this lock."""
    pinned = [pin for pin in lock.pins.values() if _PINNED.fullmatch(pin.name)]
    # As pip and uv compare it: in the normal form.
    lines = [f"{pin.name}==={_normal(pin.version)}\n" for pin in pinned]
    if variant.gpu:
        excluded = _exclusions([pin.name for pin in pinned], int(variant.cuda.split(".")[0]))
        lines += [_OTHERS.format(cuda=variant.cuda)]
        lines += [f"{name}{versions}\n" for name, versions in sorted(excluded.items()) if name not in lock.pins]
    return _HEAD.format(name=variant) + "".join(lines)


@cache
def _normal(version: str) -> Version:
    return Version(version)


def _exclusions(pinned: Iterable[str], major: int) -> dict[str, str]:
    """The versions that are left of packages for other CUDA majors, by name.

    Most have none. A few can be installed together with the package for `major`, and some have CUDA's major version.
    """
    left = _known(major) | {name: _left(name) for name in _siblings(pinned, major)}
    return {name: versions for name, versions in left.items() if versions}


@cache
def _known(major: int) -> dict[str, str]:
    """The versions that are left of well-known packages for other CUDA majors, by name."""
    table = cuda_names()
    by_version = dict.fromkeys(table.versions, f"=={major}.*")
    return by_version | {name: _left(name) for name in table.known_for_others(major)}


@cache
def _left(name: str) -> str:
    coexisting = cuda_names().coexisting_versions(name)
    return "<0" if coexisting is None else str(coexisting)


def _siblings(names: Iterable[str], major: int) -> Iterator[str]:
    """The names that pinned packages have for CUDA majors other than `major`."""
    for name in names:
        match = _MAJOR.fullmatch(name)
        if match or _LIBRARY.fullmatch(name):
            stem = match["stem"] if match else name
            yield from (f"{stem}-cu{other}" for other in MAJORS if other != major)
