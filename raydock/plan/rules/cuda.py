"""Rules about the CUDA user space that a variant carries."""

from functools import lru_cache

from packaging.utils import canonicalize_name
from packaging.version import Version

from raydock.compat.cuda_packages import named_major
from raydock.compat.wheels import cuda_pin, requirements
from raydock.model.facts import ProjectRelease
from raydock.model.variant import CPU, NONE, Variant
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict, ray_extras, source


def torch_cuda(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A torch brings the CUDA that its wheel pins."""
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
    """A vLLM of the default index is built for the CUDA of the torch that stands beside it there."""
    vllm, torch = rule_inputs.release("vllm", point), rule_inputs.facts.get("torch", point.torch)
    pin = cuda_pin(torch, point) if torch else None
    if vllm is None or torch is None or pin is None:
        return ABSENT
    cuda, requirement = pin
    evidence = source(torch, f"requires {requirement.name}{requirement.specifier}")
    return RuleVerdict(cuda == point.cuda, f"{vllm} is built for CUDA {cuda}, as the {torch} of its index", evidence)


def cuda_used(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:  # noqa: ARG001 - the form of every rule
    """A CUDA user space comes with torch: an image where nothing uses it is the cpu image."""
    if point.cuda == CPU or point.torch != NONE:
        return ABSENT
    return RuleVerdict(False, f"nothing would use CUDA {point.cuda} without torch", "ray brings no CUDA of its own")


def cuda_major(project: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """What a part requires for one CUDA major (nvidia-*-cu12, cupy-cuda12x) is for the variant's."""
    release = rule_inputs.release(project, point)
    if release is None:
        return ABSENT
    wanted = None if point.cuda == CPU else Version(point.cuda).major
    extras = ray_extras(point, rule_inputs) if project == "ray" else ()
    for requirement in requirements(release, point, extras, _named_for_others(release, wanted)):
        major = named_major(canonicalize_name(requirement.name))
        return RuleVerdict(
            False,
            f"{release} requires {requirement.name}, which is for CUDA {major}",
            source(release, f"requires {requirement}"),
        )
    return RuleVerdict(True, f"{release} requires nothing for another CUDA")


@lru_cache(maxsize=10_000)
def _named_for_others(release: ProjectRelease, wanted: int | None) -> tuple[str, ...]:
    """What a release may require, its markers aside, of packages named for another CUDA major than the one wanted."""
    return tuple(name for name in release.required if named_major(name) not in {None, wanted})
