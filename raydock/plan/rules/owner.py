"""Rules by what matrix.yaml says."""

from raydock.model.pattern import matches
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs, RuleVerdict


def base(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """Some base offers the variant's Python."""
    if found := rule_inputs.matrix.base(point.python):
        return RuleVerdict(True, f"the base {found.name} has Python {point.python}")
    offered = ", ".join(sorted({item.python for item in rule_inputs.matrix.bases})) or "none"
    return RuleVerdict(
        False, f"no base has Python {point.python}", f"bases of {rule_inputs.matrix.path.name} offer: {offered}"
    )


def exclude(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The owner does not exclude the point."""
    for item in rule_inputs.matrix.excludes:
        if all(matches(pattern, getattr(point, axis)) for axis, pattern in item.axes.items()):
            limit = f" until {item.until}" if item.until else ""
            return RuleVerdict(False, item.reason, f"excluded at {item.place}{limit}")
    return RuleVerdict(True, f"{rule_inputs.matrix.path.name} does not exclude it")
