"""Rules about the bases and exclusions in matrix.yaml."""

from raydock.model.pattern import matches
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs, RuleVerdict


def base(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """A base has the variant's Python."""
    if python_base := rule_inputs.matrix.base(point.python):
        return RuleVerdict(True, f"the base {python_base.name} has Python {point.python}")
    pythons = ", ".join(sorted({each.python for each in rule_inputs.matrix.bases})) or "none"
    return RuleVerdict(
        False,
        f"no base has Python {point.python}",
        f"Pythons of the bases in {rule_inputs.matrix.path.name}: {pythons}",
    )


def exclude(point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The `exclude` of matrix.yaml does not contain the point."""
    for exclusion in rule_inputs.matrix.excludes:
        if all(matches(pattern, getattr(point, axis)) for axis, pattern in exclusion.axes.items()):
            limit = f" until {exclusion.until}" if exclusion.until else ""
            return RuleVerdict(False, exclusion.reason, f"excluded at {exclusion.place}{limit}")
    return RuleVerdict(True, f"{rule_inputs.matrix.path.name} does not exclude it")
