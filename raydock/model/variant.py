"""A variant: one value on every axis. Its name is its identity."""

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

# A value of an axis, as Dockerfiles, manifests and scripts can hold it.
Word = Annotated[str, written("it with letters, digits and . _ -", form="[A-Za-z0-9][A-Za-z0-9._-]*")]

# What may stand for an architecture in a name, built or not.
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
    """What names, the keys of `indexes` and local versions (PEP 440) call a CUDA: `cu118`, or `cpu`."""
    return CPU if cuda == CPU else f"cu{cuda.replace('.', '')}"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One point of the matrix. `cuda` may be `cpu`; `torch` and `vllm` may be `none`.

    `flavor` is the group of matrix.yaml that gives it packages of its own; empty for the packages that all have.
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
        """The name of the rendered folder, the lock and the tag, such as `ray2.60.0-torch2.13.0-py311-cu130`."""
        parts = [f"ray{self.ray}"]
        parts += [f"vllm{self.vllm}"] if self.vllm != NONE else []
        parts += [f"torch{self.torch}"] if self.torch != NONE else []
        parts += [f"py{self.python.replace('.', '')}", label(self.cuda)]
        parts += [self.arch] if self.arch != "amd64" else []
        parts += [self.flavor] if self.flavor else []
        return "-".join(parts)

    @property
    def label(self) -> str:
        """Its CUDA's label."""
        return label(self.cuda)

    @property
    def axes(self) -> dict[str, str]:
        """The value on every axis, by the axis's name."""
        return {axis.value: getattr(self, axis.value) for axis in Axis}

    @property
    def gpu(self) -> bool:
        """Whether the image carries a CUDA user space."""
        return self.cuda != CPU

    @cached_property
    def order(self) -> tuple[tuple[int, ...], ...]:
        """A sort key: oldest versions first, absent parts before present ones."""
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
    """The variant of a name. Raises ConfigurationError where the name does not have the form of one."""
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
