"""Rules by what is known to break: numpy-abi, transformers-era and whatever else data/breakages.yaml names."""

from raydock.compat.breakages import Breakage, broken
from raydock.model.facts import PROJECTS
from raydock.model.variant import NONE, Variant
from raydock.plan.rules.verdict import ABSENT, RuleInputs, RuleVerdict


def known_breakage(breakage: Breakage, point: Variant, rule_inputs: RuleInputs) -> RuleVerdict:
    """Nothing that the point names is against a constraint of a breakage; its lock must keep to the others."""
    if not breakage.concerns(point, rule_inputs.matrix.cutoff_of(point)):
        return ABSENT
    parts = {name: version for name in PROJECTS if (version := getattr(point, name)) != NONE}
    evidence = f"{breakage.source} (since {breakage.since}, to be looked at again by {breakage.until})"
    if not (breakage.constraints or breakage.requirements):
        return RuleVerdict(False, breakage.reason, evidence)
    for line, part in broken(breakage.constraints, parts):
        return RuleVerdict(False, f"{part} is not within {line}: {breakage.reason}", evidence)
    lines = ", ".join((*breakage.constraints, *breakage.requirements))
    return RuleVerdict(True, f"its lock keeps to {lines}: {breakage.reason}", evidence)
