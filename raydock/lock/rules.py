"""What must hold in a set of pins besides what its packages demand of each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from raydock.errors import VariantError
from raydock.lock.artifacts import Artifact
from raydock.lock.request import Request
from raydock.model.variant import CPU, Axis
from raydock.plan import breakages
from raydock.plan.cuda import cuda_names
from raydock.plan.wheels import newest_patch

Rule = Callable[[Request, Sequence[Artifact]], Iterator[str]]


def hold(request: Request, artifacts: Sequence[Artifact]) -> None:
    """Raises VariantError that names every pin against a rule."""
    faults = [f"{rule.name}: {fault}" for rule in RULES for fault in rule(request, artifacts)]
    if faults:
        raise VariantError(
            f"what was resolved would not run: {'; '.join(faults)}.",
            todo="choose other versions in matrix.yaml, or add a constraint to raydock/plan/data/breakages.yaml.",
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


def known_breakages(request: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """What is known to break is kept out, by the request's constraints and by the pins whatever those say."""
    versions = {item.project: item.version for item in artifacts}
    axes = {**versions, Axis.PYTHON: request.python, Axis.CUDA: request.cuda, Axis.ARCH: request.arch}
    reasons = {
        line: f" ({item.rule}: {item.reason})"
        for item in breakages.known()
        if item.concerns(axes, request.cutoff)
        for line in item.constraints
    }
    for line, pin in breakages.broken(sorted({*request.constraints, *reasons}), versions):
        yield f"{pin} is not within {line}{reasons.get(line, '')}"


def one_cuda(request: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every package that is made for one CUDA major is made for the variant's."""
    wanted = None if request.cuda == CPU else Version(request.cuda).major
    for item in artifacts:
        major = cuda_names().major(item.project, item.version)
        if major is not None and major != wanted:
            variant = "cpu" if wanted is None else f"CUDA {request.cuda}"
            yield f"{item.project} {item.version} is for CUDA {major}, and the variant for {variant}"


@dataclass(frozen=True)
class NamedRule:
    """A rule with the name under which the user hears of it."""

    name: str
    check: Rule

    def __call__(self, request: Request, artifacts: Sequence[Artifact]) -> Iterator[str]:
        return self.check(request, artifacts)


# known_breakages names numpy-abi, transformers-era and the others itself.
RULES: tuple[NamedRule, ...] = (
    NamedRule("requires-python", python_bounds),
    NamedRule("yanked", not_yanked),
    NamedRule("known-breakage", known_breakages),
    NamedRule("cuda-major", one_cuda),
)


def _allows(specifier: str, python: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(python)
    except InvalidSpecifier:
        return True  # as installers do: a bound that cannot be read binds nobody
