"""Rules that files state: the bases and exclusions of matrix.yaml, and the known breakages."""

from raydock.compat.breakages import Breakage, broken
from raydock.model.facts import PROJECTS
from raydock.model.pattern import selects
from raydock.model.variant import NONE, Variant
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict


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
        if selects(exclusion.axes, point):
            limit = f" until {exclusion.until}" if exclusion.until else ""
            return RuleVerdict(False, exclusion.reason, f"excluded at {exclusion.place}{limit}")
    return RuleVerdict(True, f"{rule_inputs.matrix.path.name} does not exclude it")


def known_breakage(breakage: Breakage, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """The parts of the point satisfy the constraints of a breakage.

    Its lock must satisfy the other constraints.
    """
    if not breakage.concerns(point, rule_inputs.matrix.cutoff_of(point)):
        return ABSENT
    parts = {name: version for name in PROJECTS if (version := getattr(point, name)) != NONE}
    evidence = f"{breakage.source} (since {breakage.since}, review by {breakage.until})"
    if not (breakage.constraints or breakage.requirements):
        return RuleVerdict(False, breakage.reason, evidence)
    for line, part in broken(breakage.constraints, parts):
        return RuleVerdict(False, f"{part} is not within {line}: {breakage.reason}", evidence)
    lines = ", ".join((*breakage.constraints, *breakage.requirements))
    return RuleVerdict(True, f"its lock is constrained to {lines}: {breakage.reason}", evidence)
