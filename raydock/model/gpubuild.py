"""The CUDA and the GPUs that the wheels of a release are built for, from raydock's tables and matrix.yaml."""

from functools import cached_property
from typing import Annotated

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from raydock.core.models import Entry, InvalidEntryError, written
from raydock.model.variant import Axis

PROJECTS = (Axis.TORCH, Axis.VLLM)


class Versions(SpecifierSet):
    """A version, or a range of versions (PEP 440).

    Raises InvalidSpecifier if the text is neither.
    """

    def __init__(self, text: str) -> None:
        try:
            super().__init__(f"=={Version(text)}")
        except InvalidVersion:
            super().__init__(text)


_Versions = Annotated[Versions, written('it as "2.3.1" or ">=2.3,<2.4" (PEP 440)', "a version")]
_Capability = Annotated[
    str,
    written(
        "a compute capability, like 80 or 8.0 (PTX is not counted: raydock expects compiled code)",
        form=r"\d{1,2}\.\d|\d{2,3}",
    ),
    # For tools/schemas.py: YAML numbers are also valid.
    msgspec.Meta(extra_json_schema={"x-number": True}),
]


class GpuBuild(Entry, frozen=True, kw_only=True, dict=True):
    """Versions of torch or of vllm, and the GPUs that their wheels have code for.

    Attributes:
        torch: the versions of torch; None if the entry is for vllm.
        vllm: the versions of vllm; None if the entry is for torch.
        cuda: the CUDA that the wheels are built for.
        capabilities: the GPUs, by compute capability or sm number.
        place: the file and line of the entry, which raydock adds.
    """

    torch: _Versions | None = None
    vllm: _Versions | None = None
    cuda: Annotated[str, written('a CUDA, like "11.8"', form=r"\d+\.\d+")]
    capabilities: Annotated[tuple[_Capability, ...], msgspec.Meta(min_length=1)] = msgspec.field(name="sm")
    place: str = ""

    def __post_init__(self) -> None:
        if (self.torch is None) == (self.vllm is None):
            todo = "name either `torch:` or `vllm:`, with its versions."
            raise InvalidEntryError("an entry is for one project.", todo)

    @property
    def project(self) -> Axis:
        """The axis of the project."""
        return Axis.VLLM if self.torch is None else Axis.TORCH

    @property
    def versions(self) -> SpecifierSet:
        """The versions of the project."""
        versions = self.vllm if self.torch is None else self.torch
        assert versions is not None
        return versions

    @cached_property
    def sm(self) -> tuple[int, ...]:
        """The GPUs as sm numbers (86 is 8.6), sorted."""
        return tuple(sorted({int(text.replace(".", "")) for text in self.capabilities}))

    def covers(self, project: Axis, version: str, cuda: str) -> bool:
        """Whether the entry is for this version of a project, built for this CUDA."""
        return (project, cuda) == (self.project, self.cuda) and self.versions.contains(version, prereleases=True)
