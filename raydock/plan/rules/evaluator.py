"""The list of all rules, and the evaluator that applies them to points."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from operator import attrgetter

from raydock.compat import breakages
from raydock.model.facts import PROJECTS, ProjectRelease
from raydock.model.requirement import requirement
from raydock.model.variant import Axis, Variant
from raydock.plan.rules import requirements, stated, wheels
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict

_ReleaseCheck = Callable[[ProjectRelease, Variant, RuleInputs], RuleVerdict]


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
    check: Callable[[Variant, RuleInputs], RuleVerdict]


# The parts of a variant, with the axes that choose a release. Torch can have a separate build for each CUDA.
_PARTS = {Axis.VLLM: (Axis.VLLM,), Axis.TORCH: (Axis.TORCH, Axis.CUDA), Axis.RAY: (Axis.RAY,)}


def _of_releases(name: str, check: _ReleaseCheck, *axes: Axis, parts: Iterable[Axis] = _PARTS) -> Iterator[Rule]:
    """A rule for the release of each part. It has nothing to check if a variant does not have the part."""

    def check_part(part: Axis, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
        release = rule_inputs.release(part.value, point)
        return check(release, point, rule_inputs) if release else ABSENT

    return (Rule(name, (*_PARTS[part], *axes), partial(check_part, part)) for part in parts)


_PLATFORM = (Axis.PYTHON, Axis.ARCH)
_RAY, _TORCH, _VLLM, _GPU = (Axis.RAY,), (Axis.TORCH,), (Axis.VLLM,), (Axis.VLLM, Axis.TORCH)

# The rules that are code, in the order of the explanations.
_WRITTEN: tuple[Rule, ...] = (
    Rule("base", _PLATFORM, stated.base),
    *(Rule("known", axes, partial(wheels.known, part.value)) for part, axes in _PARTS.items()),
    # The torch is the one that vLLM pins.
    *_of_releases("vllm-torch", partial(requirements.requires, "torch"), Axis.TORCH, *_PLATFORM, parts=_VLLM),
    *_of_releases("torch-cuda", requirements.torch_cuda, *_PLATFORM, parts=_TORCH),
    *_of_releases("vllm-cuda", requirements.vllm_cuda, Axis.TORCH, Axis.CUDA, *_PLATFORM, parts=_VLLM),
    Rule("cuda-used", (Axis.CUDA, Axis.TORCH), requirements.cuda_used),
    # vLLM accepts the Ray (from 0.18 on it does not require Ray).
    *_of_releases("vllm-ray", partial(requirements.requires, "ray"), Axis.RAY, *_PLATFORM, parts=_VLLM),
    *_of_releases("ray-llm-extra", requirements.ray_llm_extra, Axis.VLLM, *_PLATFORM, parts=_RAY),
    *_of_releases("cuda-major", requirements.cuda_major, Axis.CUDA, *_PLATFORM, parts=_GPU),
    *_of_releases("cuda-major", requirements.cuda_major, Axis.VLLM, Axis.CUDA, *_PLATFORM, parts=_RAY),
    *_of_releases("requires-python", wheels.requires_python, Axis.PYTHON),
    *_of_releases("sdist-only", wheels.sdist_only),
    *_of_releases("sdist-only", wheels.sdist_required, *_PLATFORM, parts=_GPU),
    *_of_releases("sdist-only", wheels.sdist_required, Axis.VLLM, *_PLATFORM, parts=_RAY),
    *_of_releases("python-wheel", wheels.python_wheel, *_PLATFORM, parts=_GPU),
    *_of_releases("ray-python", wheels.python_wheel, *_PLATFORM, parts=_RAY),
    *_of_releases("yanked", wheels.yanked, *_PLATFORM),
    *_of_releases("glibc", wheels.glibc, *_PLATFORM),
    Rule("exclude", tuple(Axis), stated.exclude),
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
    return Rule(breakage.rule, tuple(axis for axis in Axis if axis in axes), partial(stated.known_breakage, breakage))


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
