"""The rules for a set of pins that the packages' own requirements do not state."""

from collections.abc import Callable, Iterator, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.compat import breakages, toolchain
from raydock.compat.cuda_packages import build_of, build_text, cuda_names, is_built_for, torch_of
from raydock.compat.wheels import newest_patch
from raydock.core.errors import VariantError
from raydock.lock.artifacts import Artifact
from raydock.lock.request import LockRequest
from raydock.model.requirement import requirement
from raydock.model.variant import CPU

Rule = Callable[[LockRequest, Sequence[Artifact]], Iterator[str]]


def verify(request: LockRequest, artifacts: Sequence[Artifact]) -> None:
    """Check pins against all rules.

    Raises VariantError, with every violation, if pins violate a rule.
    """
    violations = [f"{rule_name(rule)}: {violation}" for rule in RULES for violation in rule(request, artifacts)]
    if violations:
        raise VariantError(
            f"the resolved packages would not run: {'; '.join(violations)}.",
            todo="choose other versions in matrix.yaml, or add a constraint to raydock/compat/data/breakages.yaml.",
        )


def rule_name(rule: Rule) -> str:
    """The name of a rule, such as `cuda-major`."""
    return rule.__name__.replace("_", "-")


def requires_python(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Requires-Python allows the variant's Python. uv ignores upper bounds; pip does not."""
    for artifact in artifacts:
        allowed = artifact.requires_python
        if not _allows(allowed, newest_patch(request.python)):
            yield f"{artifact.project} {artifact.version} is for Python {allowed}, not {request.python}"


def yanked(_: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """No file is yanked (PEP 592)."""
    for artifact in artifacts:
        if artifact.yanked:
            yield f"{artifact.project} {artifact.version} was yanked by its author"


def within_constraints(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """The pins satisfy the constraints of the known breakages, whatever the resolver did."""
    known = breakages.known()
    reasons = {
        str(line): f" ({breakage.rule}: {breakage.reason})" for breakage in known for line in breakage.constraints
    }
    for line, pin in breakages.broken(
        request.constraints, {artifact.project: artifact.version for artifact in artifacts}
    ):
        yield f"{pin} is not within {line}{reasons.get(line, '')}"


def as_requested(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """A pinned version is exactly that build: for a resolver, 2.3.1+cu118 satisfies ==2.3.1 (PEP 440)."""
    versions = {artifact.project: artifact.version for artifact in artifacts}
    for line in map(requirement, request.requirements):
        pinned = versions.get(canonicalize_name(line.name))
        exact = (part.version for part in line.specifier if part.operator == "==" and not part.version.endswith(".*"))
        requested = next(exact, None)
        if pinned is not None and requested is not None and Version(pinned) != Version(requested):
            yield f"{line.name} {pinned} is a different build than {requested}"


def cuda_major(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every package for one CUDA major version is for the variant's."""
    variant_major = None if request.cuda == CPU else Version(request.cuda).major
    for artifact in artifacts:
        major = cuda_names().major(artifact.project, artifact.version)
        if major is not None and major != variant_major:
            variant = "cpu" if variant_major is None else f"CUDA {request.cuda}"
            yield f"{artifact.project} {artifact.version} is for CUDA {major}, and the variant for {variant}"


def cuda_build(request: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every build for one CUDA or for the CPU, which its local version names (+cu118, +cpu), is the variant's."""
    torch = next((f"torch {artifact.version}" for artifact in artifacts if artifact.project == "torch"), "the variant")
    for artifact in artifacts:
        build = build_of(artifact.version)
        if build and not is_built_for(build, request.cuda):
            other = "the variant" if artifact.project == "torch" else torch
            difference = f"is built for {build_text(build)}, and {other} is for {build_text(request.cuda)}"
            yield f"{artifact.project} {artifact.version} {difference}"


def torch_build(_: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """Every build for one torch, which its local version names (+cu12torch2.5), is for the pinned torch."""
    torch = next((artifact for artifact in artifacts if artifact.project == "torch"), None)
    for artifact in artifacts if torch else ():
        built = torch_of(artifact.version)
        if torch and built and Version(built).release != Version(torch.version).release[:2]:
            yield f"{artifact.project} {artifact.version} is built for torch {built}, and torch is {torch.version}"


def nvcc_minor(_: LockRequest, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """The CUDA compiler and the runtime have the same minor version: the runtime's headers refuse all others."""
    versions = {artifact.project: artifact.version for artifact in artifacts}
    runtime = toolchain.known().runtime
    for name, pin in toolchain.known().mismatches(versions):
        yield f"{name} {versions[name]} does not compile for {runtime} {versions[runtime]}: pin {pin}"


# Errors name them, with dashes.
RULES: tuple[Rule, ...] = (
    requires_python,
    yanked,
    within_constraints,
    as_requested,
    cuda_major,
    cuda_build,
    torch_build,
    nvcc_minor,
)


def _allows(specifier: str, python: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(python)
    except InvalidSpecifier:
        return True  # as installers do: an invalid bound has no effect
