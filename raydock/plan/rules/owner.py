"""Rules by what matrix.yaml says."""

from raydock.model.pattern import matches
from raydock.model.variant import Variant
from raydock.plan.rules.ground import Ground, Verdict


def base(point: Variant, ground: Ground) -> Verdict:
    """Some base offers the variant's Python."""
    if found := ground.matrix.base(point.python):
        return Verdict(True, f"the base {found.name} has Python {point.python}")
    offered = ", ".join(sorted({item.python for item in ground.matrix.bases})) or "none"
    return Verdict(False, f"no base has Python {point.python}", f"bases of {ground.matrix.path.name} offer: {offered}")


def exclude(point: Variant, ground: Ground) -> Verdict:
    """The owner does not exclude the point."""
    for item in ground.matrix.excludes:
        if all(matches(pattern, getattr(point, axis)) for axis, pattern in item.axes.items()):
            limit = f" until {item.until}" if item.until else ""
            return Verdict(False, item.reason, f"excluded at {item.place}{limit}")
    return Verdict(True, f"{ground.matrix.path.name} does not exclude it")
