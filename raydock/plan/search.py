"""Every point that can exist, from all releases in the facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from raydock.compat.wheels import cuda_pin
from raydock.model.facts import PROJECTS
from raydock.model.matrixfile import SPECIAL
from raydock.model.variant import Axis, Variant
from raydock.model.versions import position
from raydock.plan.rules.evaluator import Evaluator, rules
from raydock.plan.rules.verdict import RuleInputs

Axes = Mapping[Axis, Sequence[str]]


def universe(rule_inputs: RuleInputs) -> dict[Axis, tuple[str, ...]]:
    """The values of every axis, from the facts and the bases.

    They are all releases in the facts, the CUDA versions that releases of torch pin, and the Pythons of the bases.
    """
    pythons = tuple(dict.fromkeys(base.python for base in rule_inputs.matrix.bases))
    projects = {axis: (*SPECIAL.get(axis, ()), *rule_inputs.facts.versions[name]) for name, axis in PROJECTS.items()}
    torches = [rule_inputs.facts.releases["torch", version] for version in rule_inputs.facts.versions["torch"]]
    pins = (cuda_pin(torch, Variant(ray="", python=python)) for torch in torches for python in pythons)
    pinned = {pin[0] for pin in pins if pin}
    cudas = tuple(sorted({*pinned, *rule_inputs.matrix.values(Axis.CUDA), *SPECIAL[Axis.CUDA]}, key=position))
    return {Axis.ARCH: rule_inputs.matrix.axes[Axis.ARCH], Axis.PYTHON: pythons, Axis.CUDA: cudas, **projects}


class Space:
    """The points that can exist.

    A rule is applied as soon as all axes that it reads have a value, so that excluded branches are not searched. A
    verdict is computed only once for the same values.
    """

    def __init__(self, rule_inputs: RuleInputs) -> None:
        order = tuple(Axis)
        last = [(max(map(order.index, rule.axes)), rule) for rule in rules()]
        self._evaluators = [
            (axis, Evaluator(rule_inputs, [rule for at, rule in last if at == step])) for step, axis in enumerate(order)
        ]

    def valid(self, axes: Axes, flavor: str = "") -> Iterator[Variant]:
        """The points of a grid that can exist with a flavor's packages.

        The order is that of itertools.product.
        """
        return self._extend(Variant(ray="", python="", flavor=flavor), axes, 0)

    def _extend(self, point: Variant, axes: Axes, step: int) -> Iterator[Variant]:
        if step == len(self._evaluators):
            yield point
            return
        axis, evaluator = self._evaluators[step]
        for value in axes[axis]:
            extended = replace(point, **{axis: value})
            if evaluator.objection(extended) is None:
                yield from self._extend(extended, axes, step + 1)
