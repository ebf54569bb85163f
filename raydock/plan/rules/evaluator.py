"""The list of all rules, and the evaluator that applies them to points."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from operator import attrgetter

from raydock.compat import breakages
from raydock.model.facts import PROJECTS
from raydock.model.requirement import requirement
from raydock.model.variant import Axis, Variant
from raydock.plan.rules import cuda, owner, requirements, wheels
from raydock.plan.rules.broken import known_breakage
from raydock.plan.rules.verdict import Check, RuleInputs, RuleVerdict


@dataclass(frozen=True)
class Rule:
    """A named rule.

    Attributes:
        name: the name.
        axes: the axes that the check reads; points with the same values on them get the same verdict.
        check: the function that returns the verdict.
    """

    name: str
    axes: tuple[Axis, ...]
    check: Check


def _of_parts(
    name: str,
    check: Callable[[str, Variant, RuleInputs], RuleVerdict],
    *axes: Axis,
    parts: Sequence[Axis] = (Axis.VLLM, Axis.TORCH, Axis.RAY),
) -> tuple[Rule, ...]:
    """A rule for each part of a variant.

    Torch can have a separate build for each CUDA.
    """
    builds = {Axis.TORCH: (Axis.CUDA,)}
    return tuple(Rule(name, (part, *builds.get(part, ()), *axes), partial(check, part.value)) for part in parts)


_PLATFORM = (Axis.PYTHON, Axis.ARCH)
_GPU_PARTS = (Axis.VLLM, Axis.TORCH)

# The rules that are code, in the order of the explanations.
_WRITTEN: tuple[Rule, ...] = (
    Rule("base", _PLATFORM, owner.base),
    *_of_parts("known", wheels.known),
    Rule("vllm-torch", (Axis.VLLM, Axis.TORCH, *_PLATFORM), requirements.vllm_torch),
    Rule("torch-cuda", (Axis.TORCH, Axis.CUDA, *_PLATFORM), cuda.torch_cuda),
    Rule("vllm-cuda", (Axis.VLLM, Axis.TORCH, Axis.CUDA, *_PLATFORM), cuda.vllm_cuda),
    Rule("cuda-used", (Axis.CUDA, Axis.TORCH), cuda.cuda_used),
    Rule("vllm-ray", (Axis.VLLM, Axis.RAY, *_PLATFORM), requirements.vllm_ray),
    Rule("ray-llm-extra", (Axis.VLLM, Axis.RAY, *_PLATFORM), requirements.ray_llm_extra),
    *_of_parts("cuda-major", cuda.cuda_major, Axis.CUDA, *_PLATFORM, parts=_GPU_PARTS),
    *_of_parts("cuda-major", cuda.cuda_major, Axis.VLLM, Axis.CUDA, *_PLATFORM, parts=(Axis.RAY,)),
    *_of_parts("requires-python", wheels.requires_python, Axis.PYTHON),
    *_of_parts("sdist-only", wheels.sdist_only),
    *_of_parts("sdist-only", wheels.sdist_required, *_PLATFORM, parts=_GPU_PARTS),
    *_of_parts("sdist-only", wheels.sdist_required, Axis.VLLM, *_PLATFORM, parts=(Axis.RAY,)),
    *_of_parts("python-wheel", wheels.python_wheel, *_PLATFORM, parts=_GPU_PARTS),
    Rule("ray-python", (Axis.RAY, *_PLATFORM), wheels.ray_python),
    *_of_parts("yanked", wheels.yanked, *_PLATFORM),
    *_of_parts("glibc", wheels.glibc, *_PLATFORM),
    Rule("exclude", tuple(Axis), owner.exclude),
)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, including one for each known breakage.

    The first rule that fails excludes a point.
    """
    return (*_WRITTEN, *(_of_breakage(breakage) for breakage in breakages.known()))


def _of_breakage(breakage: breakages.Breakage) -> Rule:
    named = {requirement(line).name for line in breakage.constraints}
    axes: set[str] = {*breakage.when, *(axis for project, axis in PROJECTS.items() if project in named)}
    return Rule(breakage.rule, tuple(axis for axis in Axis if axis in axes), partial(known_breakage, breakage))


# A rule, the function that reads a point's values on its axes, and the cached verdicts by these values.
_CachedRule = tuple[Rule, Callable[[Variant], object], dict[object, RuleVerdict]]


class Evaluator:
    """Applies rules to points.

    A verdict is cached by its inputs: axes, cut-off day and packages of the flavor.
    """

    def __init__(self, rule_inputs: RuleInputs, selected: Sequence[Rule] | None = None) -> None:
        self._rule_inputs = rule_inputs
        self._rules = rules() if selected is None else selected
        self._caches: dict[tuple[date, str], list[_CachedRule]] = {}

    def verdicts(self, point: Variant) -> Iterator[RuleVerdict]:
        """The verdict of every rule on a point, in the order of the rules."""
        inputs = (self._rule_inputs.matrix.cutoff_of(point), point.flavor)
        if inputs not in self._caches:
            self._caches[inputs] = [(rule, attrgetter(*rule.axes), {}) for rule in self._rules]
        for rule, axes_of, verdicts in self._caches[inputs]:
            key = axes_of(point)
            verdict = verdicts.get(key)
            if verdict is None:
                verdict = verdicts[key] = rule.check(point, self._rule_inputs)._replace(rule=rule.name)
            yield verdict

    def objection(self, point: Variant) -> RuleVerdict | None:
        """The first verdict against a point; None if the point can exist."""
        return next((verdict for verdict in self.verdicts(point) if not verdict.ok), None)
