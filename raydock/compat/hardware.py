"""Which drivers and GPUs a variant runs on, by NVIDIA's tables and by what the wheels of torch and vllm hold."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.specifiers import SpecifierSet

from raydock.compat.gpucode import code_for
from raydock.core.yamlentry import YamlEntry, read
from raydock.model import gpubuild
from raydock.model.gpubuild import PROJECTS, GpuBuild
from raydock.model.variant import NONE, Axis, Variant

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Hardware:
    """The tables. `folder` holds drivers.yaml and sm.yaml; `stated` is what matrix.yaml says, which comes first."""

    stated: tuple[GpuBuild, ...] = ()
    folder: Path = DATA

    @cached_property
    def floors(self) -> dict[str, str]:
        """The oldest driver of each CUDA major version."""
        return self._drivers("floors")

    @cached_property
    def toolkits(self) -> dict[str, str]:
        """The driver that each CUDA toolkit came with."""
        return self._drivers("toolkits")

    @cached_property
    def builds(self) -> tuple[GpuBuild, ...]:
        """What the wheels of torch and vllm hold code for."""
        return (*self.stated, *map(gpubuild.parse, self._sm("wheels").list()))

    @cached_property
    def compilers(self) -> tuple[tuple[SpecifierSet, tuple[int, ...]], ...]:
        """The GPUs that the compiler of each range of CUDA toolkits can compile for."""
        entries = (entry.items(("cuda", "sm"), ("cuda", "sm")) for entry in self._sm("compilers").list())
        return tuple((SpecifierSet(item["cuda"].text()), tuple(map(int, item["sm"].texts()))) for item in entries)

    def compilable(self, cuda: str) -> tuple[int, ...]:
        """The GPUs that a CUDA toolkit can compile for; empty if the table does not know it."""
        return next((sm for cudas, sm in self.compilers if cuda in cudas), ())

    @cached_property
    def vllm_from(self) -> int:
        """The oldest GPU that vllm's own build compiles for."""
        return int(self._sm("vllm-from").text())

    def min_driver(self, variant: Variant) -> str:
        """The oldest driver that runs a variant; empty for cpu and for a CUDA that the table does not know."""
        return self.floors.get(variant.cuda.split(".")[0], "") if variant.gpu else ""

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
        covering = (build for build in self.builds if build.covers(project, version, variant.cuda))
        return next((build.sm for build in covering), ())

    def _sm(self, table: str) -> YamlEntry:
        keys = ("source", "date", "wheels", "vllm-from", "compilers")
        return read(self.folder / "sm.yaml").items(keys, keys)[table]

    def _drivers(self, table: str) -> dict[str, str]:
        keys = ("source", "date", "floors", "toolkits")
        return {
            cuda: entry.text()
            for cuda, entry in read(self.folder / "drivers.yaml").items(keys, keys)[table].items().items()
        }


def _common(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    """The shortest list that names every GPU for which both lists hold code, of `first` wherever that is enough."""
    common = [sm for sm in first if code_for(second, sm)]
    for sm in second:
        if code_for(first, sm) and not code_for(common, sm):
            common.append(sm)
    return tuple(sorted(common))
