"""What must hold in a set of pins besides what its packages demand of each other."""

from collections.abc import Callable, Iterator, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.compat import breakages, toolchain
from raydock.compat.cuda_packages import agree, build_of, build_words, cuda_names, torch_of
from raydock.compat.wheels import newest_patch
from raydock.core.errors import VariantError
from raydock.lock.artifacts import Artifact
from raydock.lock.request import LockRequest
from raydock.model.requirement import requirement
from raydock.model.variant import CPU

Rule = Callable[[LockRequest, Sequence[Artifact]], Iterator[str]]


def hold(request: LockRequest, artifacts: Sequence[Artifact]) -> None:
    """Raises VariantError that names every pin against a rule."""
    faults = [f"{name(rule)}: {fault}" for rule in RULES for fault in rule(request, artifacts)]
    if faults:
        raise VariantError(
            f"what was resolved would not run: {'; '.join(faults)}.",
            todo="choose other versions in matrix.yaml, or add a constraint to raydock/compat/data/breakages.yaml.",
        )


def name(rule: Rule) -> str:
    """A rule's name, as in `cuda-major`."""
    return rule.__name__.replace("_", "-")


def requires_python(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Requires-Python allows the variant's Python. uv ignores upper bounds; pip and the package's author do not."""
    for item in artifacts:
        if not _allows(item.requires_python, newest_patch(request.python)):
            yield f"{item.project} {item.version} is for Python {item.requires_python}, not {request.python}"


def yanked(_: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """No release that its author took back (PEP 592)."""
    for item in artifacts:
        if item.yanked:
            yield f"{item.project} {item.version} was yanked by its author"


def within_constraints(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """The known breakages are kept out, whatever the resolver made of the constraints."""
    known = breakages.known()
    reasons = {str(line): f" ({item.rule}: {item.reason})" for item in known for line in item.constraints}
    for line, pin in breakages.broken(request.constraints, {item.project: item.version for item in artifacts}):
        yield f"{pin} is not within {line}{reasons.get(line, '')}"


def as_asked(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """What is asked for by its version is that very build: to a resolver, ==2.3.1 is 2.3.1+cu118 too (PEP 440)."""
    versions = {item.project: item.version for item in artifacts}
    for line in map(requirement, request.requirements):
        pinned = versions.get(canonicalize_name(line.name))
        exact = (item.version for item in line.specifier if item.operator == "==" and not item.version.endswith(".*"))
        asked = next(exact, None)
        if pinned is not None and asked is not None and Version(pinned) != Version(asked):
            yield f"{line.name} {pinned} is another build than {asked}"


def cuda_major(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every package that is made for one CUDA major is made for the variant's."""
    wanted = None if request.cuda == CPU else Version(request.cuda).major
    for item in artifacts:
        major = cuda_names().major(item.project, item.version)
        if major is not None and major != wanted:
            variant = "cpu" if wanted is None else f"CUDA {request.cuda}"
            yield f"{item.project} {item.version} is for CUDA {major}, and the variant for {variant}"


def cuda_build(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every build for one CUDA or for the CPU, which its local version names (+cu118, +cpu), is the variant's."""
    torch = next((f"torch {item.version}" for item in artifacts if item.project == "torch"), "the variant")
    for item in artifacts:
        build = build_of(item.version)
        if build and not agree(build, request.cuda):
            other = "the variant" if item.project == "torch" else torch
            words = f"is built for {build_words(build)}, and {other} is for {build_words(request.cuda)}"
            yield f"{item.project} {item.version} {words}"


def torch_build(_: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every build for one torch, which its local version names (+cu12torch2.5), is for the torch that is there."""
    torch = next((item for item in artifacts if item.project == "torch"), None)
    for item in artifacts if torch else ():
        built = torch_of(item.version)
        if torch and built and Version(built).release != Version(torch.version).release[:2]:
            yield f"{item.project} {item.version} is built for torch {built}, and torch is {torch.version}"


def nvcc_minor(_: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """The CUDA compiler is of the runtime's own minor version: the runtime's headers refuse every other."""
    versions = {item.project: item.version for item in artifacts}
    runtime = toolchain.known().runtime
    for name, pin in toolchain.known().mismatches(versions):
        yield f"{name} {versions[name]} does not compile for {runtime} {versions[runtime]}: pin {pin}"


# Their names, with dashes, are what users read.
RULES: tuple[Rule, ...] = (
    requires_python,
    yanked,
    within_constraints,
    as_asked,
    cuda_major,
    cuda_build,
    torch_build,
    nvcc_minor,
)


def _allows(specifier: str, python: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(python)
    except InvalidSpecifier:
        return True  # as installers do: a bound that cannot be read binds nobody
