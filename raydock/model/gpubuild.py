"""For which CUDA and GPUs the wheels of a release were built, as raydock's tables and matrix.yaml state it."""

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from raydock.core.yamlentry import YamlEntry
from raydock.model.variant import Axis

PROJECTS = (Axis.TORCH, Axis.VLLM)

_CUDA = re.compile(r"\d+\.\d+")
_SM = re.compile(r"\d{1,2}\.\d|\d{2,3}")


@dataclass(frozen=True, kw_only=True)
class GpuBuild:
    """Versions of torch or vllm, the CUDA that their wheels are built for, and the GPUs that those hold code for.

    `sm` are compute capabilities as sm numbers (86 is 8.6), sorted; `place` is the file and line that states them.
    """

    project: Axis
    versions: SpecifierSet
    cuda: str
    sm: tuple[int, ...]
    place: str

    def covers(self, project: Axis, version: str, cuda: str) -> bool:
        """Whether it is about this version of a project, built for this CUDA."""
        return (project, cuda) == (self.project, self.cuda) and self.versions.contains(version, prereleases=True)


def parse(entry: YamlEntry) -> GpuBuild:
    """Reads `{torch: VERSIONS, cuda: X.Y, sm: [...]}`, or the same with vllm in place of torch.

    Raises ConfigurationError, with file and line, for anything else.
    """
    keys = entry.items((*PROJECTS, "cuda", "sm"), ("cuda", "sm"))
    named = [project for project in PROJECTS if project in keys]
    if len(named) != 1:
        entry.refuse("an entry is about one project.", "name either `torch:` or `vllm:`, with its versions.")
    numbers = {_sm(item) for item in keys["sm"].list()}
    if not numbers:
        keys["sm"].refuse(f"{keys['sm'].label} is empty.", "name each GPU, as in [70, 80, 90], or remove the entry.")
    return GpuBuild(
        project=named[0],
        versions=_versions(keys[named[0]]),
        cuda=keys["cuda"].matching(_CUDA, 'a CUDA, like "11.8"'),
        sm=tuple(sorted(numbers)),
        place=entry.place,
    )


def _versions(entry: YamlEntry) -> SpecifierSet:
    """One version, or a range of them (PEP 440)."""
    text = entry.text()
    try:
        return SpecifierSet(f"=={Version(text)}")
    except InvalidVersion:
        pass
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        entry.refuse(f"{text!r} is not a version.", 'write it as "2.3.1" or ">=2.3,<2.4" (PEP 440).')


def _sm(entry: YamlEntry) -> int:
    words = "a compute capability, like 80 or 8.0 (PTX is not counted: raydock expects compiled code)"
    return int(entry.matching(_SM, words).replace(".", ""))
