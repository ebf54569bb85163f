"""The drivers and GPUs that run a variant, from NVIDIA's tables and the code in the wheels of torch and vllm."""

from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet

from raydock.compat.gpucode import code_for
from raydock.core.models import Dated, Entry
from raydock.core.yamlfile import shipped
from raydock.model.gpubuild import PROJECTS, GpuBuild
from raydock.model.variant import NONE, Axis, Variant


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
        wheels: the GPUs that the wheels of torch and vllm have code for.
        vllm_from: the oldest GPU that vllm's own build compiles for.
        compilers: the GPUs that compilers can compile for.
    """

    wheels: tuple[GpuBuild, ...]
    vllm_from: int
    compilers: tuple[CompilerRange, ...]


@dataclass(frozen=True)
class Hardware:
    """The tables.

    Attributes:
        stated: the `gpus` of matrix.yaml, which take precedence.
        gpus: the table of GPUs by CUDA.
        drivers: the table of drivers by CUDA.
    """

    stated: tuple[GpuBuild, ...] = ()
    gpus: GpuTable = field(default_factory=lambda: shipped("compat/data/sm.yaml", GpuTable))
    drivers: DriverTable = field(default_factory=lambda: shipped("compat/data/drivers.yaml", DriverTable))

    def compilable(self, cuda: str) -> tuple[int, ...]:
        """The GPUs that a CUDA toolkit can compile for; empty if the table does not know it."""
        return next((compiler.sm for compiler in self.gpus.compilers if cuda in compiler.cuda), ())

    def min_driver(self, variant: Variant) -> str:
        """The oldest driver that runs a variant; empty for cpu and for a CUDA that the table does not know."""
        return self.drivers.floors.get(variant.cuda.split(".")[0], "") if variant.gpu else ""

    def sm(self, variant: Variant) -> tuple[int, ...]:
        """The GPUs that both torch and vllm have code for; empty for cpu, and if one of the lists is unknown.

        A GPU runs code of its own major version up to its own minor version. So the list names the oldest GPU of each
        group that runs both.
        """
        lists = [self._code(project, variant) for project in PROJECTS if getattr(variant, project) != NONE]
        if not variant.gpu or not lists or not all(lists):
            return ()
        first, *rest = lists
        return _common(first, rest[0]) if rest else first

    def _code(self, project: Axis, variant: Variant) -> tuple[int, ...]:
        version = getattr(variant, project)
        builds = (*self.stated, *self.gpus.wheels)
        covering = (build for build in builds if build.covers(project, version, variant.cuda))
        return next((build.sm for build in covering), ())


def _common(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """The shortest list for all GPUs that both lists have code for; it prefers entries of `first`."""
    common = [sm for sm in first if code_for(second, sm)]
    for sm in second:
        if code_for(first, sm) and not code_for(common, sm):
            common.append(sm)
    return tuple(sorted(common))
