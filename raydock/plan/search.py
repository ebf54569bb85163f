"""Every point that can exist, of all releases in the facts, whether matrix.yaml names them or not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from raydock.compat.wheels import cuda_pin
from raydock.model.facts import PROJECTS, Facts
from raydock.model.matrixfile import SPECIAL
from raydock.model.variant import Axis, Variant
from raydock.model.versions import position
from raydock.plan.rules import Evaluator, RuleInputs, rules

Axes = Mapping[Axis, Sequence[str]]


def universe(rule_inputs: RuleInputs) -> dict[Axis, tuple[str, ...]]:
    """The values on every axis: all releases of the facts, the CUDAs that they pin, the Pythons of the bases."""
    pythons = tuple(dict.fromkeys(base.python for base in rule_inputs.matrix.bases))
    projects = {axis: (*SPECIAL.get(axis, ()), *rule_inputs.facts.versions[name]) for name, axis in PROJECTS.items()}
    pinned = {*_cudas(rule_inputs.facts, pythons), *rule_inputs.matrix.values(Axis.CUDA), *SPECIAL[Axis.CUDA]}
    cudas = tuple(sorted(pinned, key=position))
    return {Axis.ARCH: rule_inputs.matrix.axes[Axis.ARCH], Axis.PYTHON: pythons, Axis.CUDA: cudas, **projects}


def _cudas(facts: Facts, pythons: Sequence[str]) -> Iterator[str]:
    """The CUDAs that torches pin."""
    torches = [facts.releases["torch", version] for version in facts.versions["torch"]]
    pins = (cuda_pin(torch, Variant(ray="", python=python)) for torch in torches for python in pythons)
    return (pin[0] for pin in pins if pin)


class Space:
    """The points that can exist: a rule is asked as soon as all axes that it looks at have a value, so that what cannot
    be is not gone into; and each rule once for the same values, however often points are asked for."""

    def __init__(self, rule_inputs: RuleInputs) -> None:
        order = tuple(Axis)
        last = [(max(map(order.index, rule.axes)), rule) for rule in rules()]
        self._judges = [
            (axis, Evaluator(rule_inputs, [rule for at, rule in last if at == step])) for step, axis in enumerate(order)
        ]

    def valid(self, axes: Axes, flavor: str = "") -> Iterator[Variant]:
        """The points of a grid that can exist with a flavor's packages, in the order of itertools.product."""
        return self._grown(Variant(ray="", python="", flavor=flavor), axes, 0)

    def _grown(self, point: Variant, axes: Axes, step: int) -> Iterator[Variant]:
        if step == len(self._judges):
            yield point
            return
        axis, judge = self._judges[step]
        for value in axes[axis]:
            further = replace(point, **{axis: value})
            if judge.objection(further) is None:
                yield from self._grown(further, axes, step + 1)
