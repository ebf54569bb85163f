"""What must hold in a set of pins besides what its packages demand of each other."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.errors import VariantError
from raydock.lock.artifacts import Artifact
from raydock.lock.request import Request
from raydock.model.variant import CPU
from raydock.model.yamlfile import read
from raydock.plan.wheels import newest_patch

DATA = Path(__file__).parent / "data" / "cuda.yaml"

Rule = Callable[[Request, Sequence[Artifact]], Iterator[str]]


def hold(request: Request, artifacts: Sequence[Artifact]) -> None:
    """Raises VariantError that names every pin against a rule."""
    faults = [fault for rule in RULES for fault in rule(request, artifacts)]
    if faults:
        raise VariantError(
            f"what was resolved would not run: {'; '.join(faults)}.",
            todo="choose other versions in matrix.yaml, or add a constraint to raydock/lock/data/breakages.yaml.",
        )


def python_bounds(request: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Requires-Python allows the variant's Python. uv ignores upper bounds; pip and the package's author do not."""
    for item in artifacts:
        if not _allows(item.requires_python, newest_patch(request.python)):
            yield f"{item.project} {item.version} is for Python {item.requires_python}, not {request.python}"


def not_yanked(_: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """No release that its author took back (PEP 592)."""
    for item in artifacts:
        if item.yanked:
            yield f"{item.project} {item.version} was yanked by its author"


def within_constraints(request: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """The known breakages are kept out, whatever the resolver made of the constraints."""
    versions = {item.project: item.version for item in artifacts}
    for line in request.constraints:
        constraint = Requirement(line)
        pinned = versions.get(canonicalize_name(constraint.name))
        if pinned is not None and not constraint.specifier.contains(pinned, prereleases=True):
            yield f"{constraint.name} {pinned} is not within {line}"


def as_asked(request: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """What is asked for by its version is that very build: to a resolver, ==2.3.1 is 2.3.1+cu118 too (PEP 440)."""
    versions = {item.project: item.version for item in artifacts}
    for line in map(Requirement, request.requirements):
        pinned = versions.get(canonicalize_name(line.name))
        exact = (item.version for item in line.specifier if item.operator == "==" and not item.version.endswith(".*"))
        asked = next(exact, None)
        if pinned is not None and asked is not None and Version(pinned) != Version(asked):
            yield f"{line.name} {pinned} is another build than {asked}"


def one_cuda(request: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every package that is made for one CUDA major is made for the variant's."""
    wanted = None if request.cuda == CPU else Version(request.cuda).major
    for item in artifacts:
        major = cuda_names().major(item.project, item.version)
        if major is not None and major != wanted:
            variant = "cpu" if wanted is None else f"CUDA {request.cuda}"
            yield f"{item.project} {item.version} is for CUDA {major}, and the variant for {variant}"


RULES: tuple[Rule, ...] = (python_bounds, not_yanked, within_constraints, as_asked, one_cuda)


@dataclass(frozen=True)
class CudaNames:
    """Which packages are made for one CUDA major: regular expressions over canonical names (data/cuda.yaml)."""

    names: tuple[re.Pattern[str], ...]
    versions: tuple[re.Pattern[str], ...]
    beside_others: tuple[re.Pattern[str], ...]

    def major(self, name: str, version: str) -> int | None:
        """The CUDA major that a package is made for; None where it is made for none, or for several."""
        if any(form.fullmatch(name) for form in self.beside_others):
            return None
        for form in self.names:
            if match := form.fullmatch(name):
                return int(match[1])
        return Version(version).major if any(form.fullmatch(name) for form in self.versions) else None


@cache
def cuda_names() -> CudaNames:
    """What raydock ships in data/cuda.yaml."""
    keys = ("source", "date", "names", "versions", "beside-others")
    entries = read(DATA).items(keys, keys)
    forms = {key: tuple(re.compile(line) for line in entries[key].texts()) for key in keys[2:]}
    return CudaNames(forms["names"], forms["versions"], forms["beside-others"])


def _allows(specifier: str, python: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(python)
    except InvalidSpecifier:
        return True  # as installers do: a bound that cannot be read binds nobody
