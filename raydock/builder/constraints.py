"""The constraints for pip and uv in an image: /opt/raydock/constraints.txt.

They have the packages that `pip install` and `uv pip install` must not change. Other packages of the lock can be
replaced: a job can install its own `requests`. `name<0` allows no version at all. It is used for builds of packages for
other CUDA majors, which would load a second CUDA into the process.
"""

import re
from collections.abc import Iterable, Iterator

from raydock.model.lock import Lock
from raydock.model.variant import Variant

_PINNED = re.compile(r"torch|ray|vllm|triton|(nvidia|cuda)-.+|.+-cu\d\d")
_LIBRARY = re.compile(r"nvidia-(cu(?!tlass)|nc|nv).+")
_MAJOR = re.compile(r"(?P<stem>.+)-cu(?P<major>\d\d)")
_MAJORS = ("11", "12", "13")
# From CUDA 13 on, most of NVIDIA's packages do not have a suffix.
_UNSUFFIXED = 13
_HEAD = """\
# What pip and uv must not change in {name}: PIP_CONSTRAINT and UV_CONSTRAINT name this file.
# To change these, build a different variant: docs/how-to/derived-images.md. `name<0` is for another CUDA than {cuda}.
"""


def constraints(variant: Variant, lock: Lock) -> str:
    """The text of the file for a variant with this lock."""
    pinned = [pin for pin in lock.pins.values() if _PINNED.fullmatch(pin.name)]
    lines = [f"{pin.name}=={pin.version}" for pin in pinned]
    if variant.gpu:
        major = variant.cuda.split(".")[0]
        others = sorted(set(_of_other_cudas((pin.name for pin in pinned), major)) - lock.pins.keys())
        lines += [f"{name}<0" for name in others]
    return _HEAD.format(name=variant, cuda=variant.cuda) + "".join(f"{line}\n" for line in lines)


def _of_other_cudas(names: Iterable[str], major: str) -> Iterator[str]:
    """The names of these packages for CUDA majors other than `major`."""
    yield from (f"cupy-cuda{other}x" for other in _MAJORS if other != major)
    for name in names:
        match = _MAJOR.fullmatch(name)
        if not match and not _LIBRARY.fullmatch(name):
            continue
        stem = match["stem"] if match else name
        yield from (f"{stem}-cu{other}" for other in _MAJORS if other != major)
        if match and int(major) < _UNSUFFIXED:
            yield stem
