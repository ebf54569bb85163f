"""All rules by name, and the judge that puts them to points."""

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
    """A rule by name, with the axes that its check looks at: points that agree on those get one verdict."""

    name: str
    axes: tuple[Axis, ...]
    check: Check


def _of_parts(
    name: str,
    check: Callable[[str, Variant, RuleInputs], RuleVerdict],
    *axes: Axis,
    parts: Sequence[Axis] = (Axis.VLLM, Axis.TORCH, Axis.RAY),
) -> tuple[Rule, ...]:
    """A rule that asks each part of a variant on its own; a torch may have one build for each CUDA."""
    builds = {Axis.TORCH: (Axis.CUDA,)}
    return tuple(Rule(name, (part, *builds.get(part, ()), *axes), partial(check, part.value)) for part in parts)


_PLATFORM = (Axis.PYTHON, Axis.ARCH)
_GPU_PARTS = (Axis.VLLM, Axis.TORCH)

# Those that are code, in the order in which a reader wants to hear of them.
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
    """Every rule, and every known breakage as one. A point's exclusion gives the first that fails."""
    return (*_WRITTEN, *(_of_breakage(item) for item in breakages.known()))


def _of_breakage(item: breakages.Breakage) -> Rule:
    named = {requirement(line).name for line in item.constraints}
    axes: set[str] = {*item.when, *(axis for project, axis in PROJECTS.items() if project in named)}
    return Rule(item.rule, tuple(axis for axis in Axis if axis in axes), partial(known_breakage, item))


# A rule, what tells a point's values on its axes, and the verdicts so far by those.
_Remembered = tuple[Rule, Callable[[Variant], object], dict[object, RuleVerdict]]


class Evaluator:
    """The rules applied to points, each verdict worked out once for what it depends on: the axes, the cut-off day and
    the flavor's packages."""

    def __init__(self, rule_inputs: RuleInputs, asked: Sequence[Rule] | None = None) -> None:
        self._ground = rule_inputs
        self._asked = rules() if asked is None else asked
        self._memories: dict[tuple[date, str], list[_Remembered]] = {}

    def verdicts(self, point: Variant) -> Iterator[RuleVerdict]:
        """Every rule's verdict on a point, in the rules' order."""
        like = (self._ground.matrix.cutoff_of(point), point.flavor)
        if like not in self._memories:
            self._memories[like] = [(rule, attrgetter(*rule.axes), {}) for rule in self._asked]
        for rule, axes_of, memory in self._memories[like]:
            key = axes_of(point)
            verdict = memory.get(key)
            if verdict is None:
                verdict = memory[key] = rule.check(point, self._ground)._replace(rule=rule.name)
            yield verdict

    def objection(self, point: Variant) -> RuleVerdict | None:
        """The first verdict against a point; None where it may exist."""
        return next((verdict for verdict in self.verdicts(point) if not verdict.ok), None)
