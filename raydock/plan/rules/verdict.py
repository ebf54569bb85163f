"""The inputs of the rules, and the form of their verdicts."""

from dataclasses import dataclass
from typing import NamedTuple

from raydock.compat.wheels import requirement_of
from raydock.model.facts import Facts, ProjectRelease
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant


class RuleVerdict(NamedTuple):
    """The verdict of a rule on one point.

    Attributes:
        ok: whether the point can exist.
        reason: the reason, in a short phrase.
        evidence: the fact behind the reason, with its source.
        rule: the name of the rule.
    """

    ok: bool
    reason: str
    evidence: str = ""
    rule: str = ""


@dataclass(frozen=True)
class RuleInputs:
    """The inputs of the rules.

    Attributes:
        matrix: the matrix.
        facts: the facts about releases.
    """

    matrix: Matrix
    facts: Facts

    def release(self, project: str, point: Variant) -> ProjectRelease | None:
        """The release of a project (the name of an axis) that a point has.

        Returns None if the facts do not contain it. If matrix.yaml has an index for the point's CUDA, and that index
        has a build of the version for this CUDA, such as torch 2.3.1+cu118, it is that build (PEP 440: a local version
        is newer than the same version without one).
        """
        version = getattr(point, project)
        own = self.facts.get(project, f"{version}+{point.label}") if point.label in self.matrix.indexes else None
        return own or self.facts.get(project, version)


# The verdict of a rule about a part that the point does not have, or that the facts do not contain.
ABSENT = RuleVerdict(True, "nothing to check")


def extras_of(release: ProjectRelease, point: Variant, rule_inputs: RuleInputs) -> tuple[str, ...]:
    """The extras of a release that a variant installs: Ray's in matrix.yaml, and those that its vLLM requires."""
    if release.project != "ray":
        return ()
    vllm = rule_inputs.release("vllm", point)
    required = requirement_of(vllm, "ray", point) if vllm else None
    return (*rule_inputs.matrix.packages_of(point).ray_extras, *sorted(required.extras if required else ()))


def source(release: ProjectRelease, fact: str) -> str:
    """The evidence for a fact about a release, with its source and date."""
    return f"{release}: {fact} ({release.source}, read {release.read})"
