"""Which drivers and GPUs a variant runs on, by NVIDIA's tables and by what the wheels of torch and vllm hold."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.specifiers import SpecifierSet

from raydock.compat.gpucode import code_for
from raydock.core.models import Dated, Entry
from raydock.core.yamlfile import load
from raydock.model.gpubuild import PROJECTS, GpuBuild
from raydock.model.variant import NONE, Axis, Variant

DATA = Path(__file__).parent / "data"


class DriverTable(Dated, frozen=True, kw_only=True):
    """drivers.yaml.

    Attributes:
        floors: the oldest driver of each CUDA major version.
        toolkits: the driver that each CUDA toolkit came with.
    """

    floors: dict[str, str]
    toolkits: dict[str, str]


class CompilerRange(Entry, frozen=True, kw_only=True):
    """Compilers of CUDA toolkits.

    Attributes:
        cuda: the toolkits.
        sm: the GPUs that their compiler can compile for.
    """

    cuda: SpecifierSet
    sm: tuple[int, ...]


class GpuTable(Dated, frozen=True, kw_only=True):
    """sm.yaml.

    Attributes:
        wheels: what the wheels of torch and vllm hold code for.
        vllm_from: the oldest GPU that vllm's own build compiles for.
        compilers: what compilers can compile for.
    """

    wheels: tuple[GpuBuild, ...]
    vllm_from: int
    compilers: tuple[CompilerRange, ...]


@dataclass(frozen=True)
class Hardware:
    """The tables. `folder` holds drivers.yaml and sm.yaml; `stated` is what matrix.yaml says, which comes first."""

    stated: tuple[GpuBuild, ...] = ()
    folder: Path = DATA

    @cached_property
    def drivers(self) -> DriverTable:
        """Drivers and CUDA."""
        return load(self.folder / "drivers.yaml", DriverTable)

    @cached_property
    def gpus(self) -> GpuTable:
        """GPUs and CUDA."""
        return load(self.folder / "sm.yaml", GpuTable)

    def compilable(self, cuda: str) -> tuple[int, ...]:
        """The GPUs that a CUDA toolkit can compile for; empty if the table does not know it."""
        return next((item.sm for item in self.gpus.compilers if cuda in item.cuda), ())

    def min_driver(self, variant: Variant) -> str:
        """The oldest driver that runs a variant; empty for cpu and for a CUDA that the table does not know."""
        return self.drivers.floors.get(variant.cuda.split(".")[0], "") if variant.gpu else ""

    def sm(self, variant: Variant) -> tuple[int, ...]:
        """The GPUs for which both torch and vllm hold code; empty for cpu, and if one of the lists is unknown.

        A GPU runs code of its own major version and at most its own minor one, so that the list names the oldest GPU
        of each group that both run.
        """
        lists = [self._of(project, variant) for project in PROJECTS if getattr(variant, project) != NONE]
        if not variant.gpu or not lists or not all(lists):
            return ()
        first, *rest = lists
        return _common(first, rest[0]) if rest else first

    def _of(self, project: Axis, variant: Variant) -> tuple[int, ...]:
        version = getattr(variant, project)
        builds = (*self.stated, *self.gpus.wheels)
        covering = (build for build in builds if build.covers(project, version, variant.cuda))
        return next((build.sm for build in covering), ())


def _common(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """The shortest list that names every GPU for which both lists hold code, of `first` wherever that is enough."""
    common = [sm for sm in first if code_for(second, sm)]
    for sm in second:
        if code_for(first, sm) and not code_for(common, sm):
            common.append(sm)
    return tuple(sorted(common))
