"""Rules about the CUDA user space of a variant."""

from functools import lru_cache

from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.compat.cuda_packages import named_major
from raydock.compat.wheels import cuda_pin, requirements
from raydock.model.facts import ProjectRelease
from raydock.model.variant import CPU, NONE, Variant
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict, ray_extras, source


def torch_cuda(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The CUDA of the point is the one that torch's wheel pins."""
    torch = rule_inputs.release("torch", point)
    if torch is None:
        return ABSENT
    if Version(torch.version).local:
        return RuleVerdict(True, f"{torch} is built for {point.label}", source(torch, "its local version"))
    pin = cuda_pin(torch, point)
    if pin is None:
        return RuleVerdict(
            False, f"{torch} does not say which CUDA it needs", source(torch, "no CUDA among Requires-Dist")
        )
    cuda, requirement = pin
    return RuleVerdict(
        cuda == point.cuda,
        f"{torch} is built for CUDA {cuda}",
        source(torch, f"requires {requirement.name}{requirement.specifier}"),
    )


def vllm_cuda(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A vLLM of the default index has the CUDA of the torch in that index."""
    vllm, torch = rule_inputs.release("vllm", point), rule_inputs.facts.get("torch", point.torch)
    pin = cuda_pin(torch, point) if torch else None
    if vllm is None or torch is None or pin is None:
        return ABSENT
    cuda, requirement = pin
    evidence = source(torch, f"requires {requirement.name}{requirement.specifier}")
    return RuleVerdict(cuda == point.cuda, f"{vllm} is built for CUDA {cuda}, as the {torch} of its index", evidence)


def cuda_used(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:  # noqa: ARG001 - the form of every rule
    """A point with CUDA has a torch: only torch installs the CUDA user space."""
    if point.cuda == CPU or point.torch != NONE:
        return ABSENT
    return RuleVerdict(False, f"nothing would use CUDA {point.cuda} without torch", "ray brings no CUDA of its own")


def cuda_major(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """Requirements for one CUDA major are for the CUDA major of the variant.

    Such requirements are nvidia-*-cu12 and cupy-cuda12x.
    """
    release = rule_inputs.release(project, point)
    if release is None:
        return ABSENT
    own_major = None if point.cuda == CPU else Version(point.cuda).major
    extras = ray_extras(point, rule_inputs) if project == "ray" else ()
    for requirement in requirements(release, point, extras, _named_for_others(release, own_major)):
        major = named_major(canonicalize_name(requirement.name))
        return RuleVerdict(
            False,
            f"{release} requires {requirement.name}, which is for CUDA {major}",
            source(release, f"requires {requirement}"),
        )
    return RuleVerdict(True, f"{release} requires no package for a different CUDA")


@lru_cache(maxsize=10_000)
def _named_for_others(release: ProjectRelease, own_major: int | None) -> tuple[str, ...]:
    """The requirements of a release for a CUDA major other than `own_major`.

    Markers are ignored.
    """
    return tuple(name for name in release.required_projects if named_major(name) not in {None, own_major})
