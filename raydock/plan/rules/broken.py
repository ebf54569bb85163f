"""Rules for the known breakages in data/breakages.yaml."""

from raydock.compat.breakages import Breakage, broken
from raydock.model.facts import PROJECTS
from raydock.model.variant import NONE, Variant
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict


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
