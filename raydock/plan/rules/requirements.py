"""Rules about the requirements between vllm, torch and ray."""

from raydock.compat.wheels import requirement_of, requirements
from raydock.model.variant import NONE, Variant
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict, source


def vllm_torch(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The torch is the one that vLLM pins."""
    return _requires("vllm", "torch", point, rule_inputs)


def vllm_ray(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """vLLM accepts the Ray (from 0.18 on it does not require Ray)."""
    return _requires("vllm", "ray", point, rule_inputs)


def ray_llm_extra(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """ray[llm], which installs vLLM, is not combined with a selected vLLM."""
    ray = rule_inputs.release("ray", point)
    if ray is None or point.vllm == NONE:
        return ABSENT
    packages = rule_inputs.matrix.packages_of(point)
    for extra in packages.ray_extras:
        for requirement in requirements(ray, point, (extra,), on=("vllm",)):
            reason = f"ray[{extra}] {ray.version} brings its own vllm, and one is chosen"
            return RuleVerdict(False, reason, source(ray, f"requires {requirement}"))
    return RuleVerdict(True, f"{packages.ray} brings no vllm")


def _requires(project: str, other: str, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """Whether a release's requirement accepts the version of the other project."""
    release = rule_inputs.release(project, point)
    requirement = requirement_of(release, other, point) if release else None
    if release is None or requirement is None:
        return ABSENT
    version = getattr(point, other)
    ok = version != NONE and requirement.specifier.contains(version, prereleases=True)
    return RuleVerdict(
        ok, f"{release} needs {other} {requirement.specifier}", source(release, f"requires {requirement}")
    )
