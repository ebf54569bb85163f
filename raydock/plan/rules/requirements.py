"""Rules about what releases require: vllm, torch, ray, and the CUDA user space."""

from functools import lru_cache

from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.compat.cuda_packages import named_major
from raydock.compat.wheels import cuda_pin, requirement_of, requirements
from raydock.model.facts import ProjectRelease
from raydock.model.variant import CPU, NONE, Variant
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict, extras_of, source


def requires(other: str, release: ProjectRelease, point: Variant, _: RuleInputs) -> RuleVerdict:
    """The release's requirement accepts the version of the other project."""
    requirement = requirement_of(release, other, point)
    if requirement is None:
        return ABSENT
    version = getattr(point, other)
    ok = version != NONE and requirement.specifier.contains(version, prereleases=True)
    return RuleVerdict(
        ok, f"{release} needs {other} {requirement.specifier}", source(release, f"requires {requirement}")
    )


def ray_llm_extra(ray: ProjectRelease, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """ray[llm], which installs vLLM, is not combined with a selected vLLM."""
    if point.vllm == NONE:
        return ABSENT
    packages = rule_inputs.matrix.packages_of(point)
    for extra in packages.ray_extras:
        for requirement in requirements(ray, point, (extra,), on=("vllm",)):
            reason = f"ray[{extra}] {ray.version} brings its own vllm, and one is chosen"
            return RuleVerdict(False, reason, source(ray, f"requires {requirement}"))
    return RuleVerdict(True, f"{packages.ray} brings no vllm")


def torch_cuda(torch: ProjectRelease, point: Variant, _: RuleInputs) -> RuleVerdict:
    """The CUDA of the point is the one that torch's wheel pins."""
    if Version(torch.version).local:
        return RuleVerdict(True, f"{torch} is built for {point.label}", source(torch, "its local version"))
    pin = cuda_pin(torch, point)
    if pin is None:
        evidence = source(torch, "no CUDA among Requires-Dist")
        return RuleVerdict(False, f"{torch} does not say which CUDA it needs", evidence)
    cuda, requirement = pin
    evidence = source(torch, f"requires {requirement.name}{requirement.specifier}")
    return RuleVerdict(cuda == point.cuda, f"{torch} is built for CUDA {cuda}", evidence)


def vllm_cuda(vllm: ProjectRelease, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A vLLM of the default index has the CUDA of the torch in that index."""
    torch = rule_inputs.facts.get("torch", point.torch)
    pin = cuda_pin(torch, point) if torch else None
    if torch is None or pin is None:
        return ABSENT
    cuda, requirement = pin
    evidence = source(torch, f"requires {requirement.name}{requirement.specifier}")
    return RuleVerdict(cuda == point.cuda, f"{vllm} is built for CUDA {cuda}, as the {torch} of its index", evidence)


def cuda_used(point: Variant, _: RuleInputs) -> RuleVerdict:
    """A point with CUDA has a torch: only torch installs the CUDA user space."""
    if point.cuda == CPU or point.torch != NONE:
        return ABSENT
    return RuleVerdict(False, f"nothing would use CUDA {point.cuda} without torch", "ray brings no CUDA of its own")


def cuda_major(release: ProjectRelease, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """Requirements for one CUDA major are for the CUDA major of the variant.

    Such requirements are nvidia-*-cu12 and cupy-cuda12x.
    """
    own_major = None if point.cuda == CPU else Version(point.cuda).major
    others = _named_for_others(release, own_major)
    for requirement in requirements(release, point, extras_of(release, point, rule_inputs), others):
        major = named_major(canonicalize_name(requirement.name))
        reason = f"{release} requires {requirement.name}, which is for CUDA {major}"
        return RuleVerdict(False, reason, source(release, f"requires {requirement}"))
    return RuleVerdict(True, f"{release} requires no package for a different CUDA")


@lru_cache(maxsize=10_000)
def _named_for_others(release: ProjectRelease, own_major: int | None) -> tuple[str, ...]:
    """The requirements of a release for a CUDA major other than `own_major`.

    Markers are ignored.
    """
    return tuple(name for name in release.required_projects if named_major(name) not in {None, own_major})
