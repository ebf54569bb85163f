"""Variants: one value on every axis. The name identifies a variant."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from packaging.version import Version

from raydock.core.errors import ConfigurationError
from raydock.core.models import written

NONE = "none"
CPU = "cpu"

# A value of an axis that is safe in Dockerfiles, manifests and scripts.
Word = Annotated[str, written("it with letters, digits and . _ -", form="[A-Za-z0-9][A-Za-z0-9._-]*")]

# The names of architectures in variants' names, also of those that raydock does not build.
ARCH_NAMES = ("amd64", "arm64")


class Axis(StrEnum):
    """The dimensions of the matrix, in the order in which a plan varies them."""

    ARCH = "arch"
    PYTHON = "python"
    CUDA = "cuda"
    TORCH = "torch"
    VLLM = "vllm"
    RAY = "ray"


def label(cuda: str) -> str:
    """The label of a CUDA in names, in the keys of `indexes` and in local versions (PEP 440): `cu118`, or `cpu`."""
    return CPU if cuda == CPU else f"cu{cuda.replace('.', '')}"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A variant of the matrix.

    Attributes:
        ray: the version of Ray.
        python: the version of Python, such as 3.11.
        cuda: the version of CUDA, such as 13.0, or `cpu`.
        torch: the version of torch, or `none`.
        vllm: the version of vllm, or `none`.
        arch: the architecture.
        flavor: the group of matrix.yaml whose packages it has; empty for the packages of all variants.
    """

    ray: Word
    python: Word
    cuda: Word = CPU
    torch: Word = NONE
    vllm: Word = NONE
    arch: Word = "amd64"
    flavor: Annotated[str, written("it with small letters and digits", form="[a-z0-9]*")] = ""

    @cached_property
    def name(self) -> str:
        """The name, also of its folder, lock and tag, such as `ray2.60.0-torch2.13.0-py311-cu130`."""
        parts = [f"ray{self.ray}"]
        parts += [f"vllm{self.vllm}"] if self.vllm != NONE else []
        parts += [f"torch{self.torch}"] if self.torch != NONE else []
        parts += [f"py{self.python.replace('.', '')}", label(self.cuda)]
        parts += [self.arch] if self.arch != "amd64" else []
        parts += [self.flavor] if self.flavor else []
        return "-".join(parts)

    @property
    def label(self) -> str:
        """The label of its CUDA."""
        return label(self.cuda)

    @property
    def axes(self) -> dict[str, str]:
        """The value on each axis, by the name of the axis."""
        return {axis.value: getattr(self, axis.value) for axis in Axis}

    @property
    def gpu(self) -> bool:
        """Whether the image has the CUDA libraries."""
        return self.cuda != CPU

    @cached_property
    def order(self) -> tuple[tuple[int, ...], ...]:
        """A sort key: the oldest versions first; variants without a part before those with it."""
        values = (self.ray, self.vllm, self.torch, self.python, self.cuda)
        return tuple(() if value in {NONE, CPU} else Version(value).release for value in values)

    def __str__(self) -> str:
        return self.name


_NAME = re.compile(
    r"ray(?P<ray>[^-]+)(?:-vllm(?P<vllm>[^-]+))?(?:-torch(?P<torch>[^-]+))?"
    r"-py(?P<python>\d{2,3})-(?:cu(?P<cuda>\d{3})|cpu)"
    rf"(?:-(?P<arch>{'|'.join(ARCH_NAMES)}))?(?:-(?P<flavor>[a-z][a-z0-9]*))?"
)


def parse_name(name: str) -> Variant:
    """Parse a variant's name.

    Raises ConfigurationError if it is not in the form of a variant's name.
    """
    match = _NAME.fullmatch(name)
    if not match:
        raise ConfigurationError(
            f"{name!r} is not a variant's name.",
            todo="write it like ray2.60.0-torch2.13.0-py311-cu130 or ray2.60.0-py311-cpu; `./build.py plan` lists all.",
        )
    python, cuda = match["python"], match["cuda"]
    return Variant(
        ray=match["ray"],
        vllm=match["vllm"] or NONE,
        torch=match["torch"] or NONE,
        python=f"{python[0]}.{python[1:]}",
        cuda=f"{cuda[:2]}.{cuda[2:]}" if cuda else CPU,
        arch=match["arch"] or "amd64",
        flavor=match["flavor"] or "",
    )
