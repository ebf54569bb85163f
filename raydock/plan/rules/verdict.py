"""What the rules judge by, and the form of their answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from raydock.compat.wheels import requirement_of
from raydock.model.facts import Facts, ProjectRelease
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant


class RuleVerdict(NamedTuple):
    """A rule's answer for one point: whether it may exist, why in words, and the fact behind it."""

    ok: bool
    reason: str
    evidence: str = ""
    rule: str = ""


@dataclass(frozen=True)
class RuleInputs:
    """What the rules judge by."""

    matrix: Matrix
    facts: Facts

    def release(self, project: str, point: Variant) -> ProjectRelease | None:
        """The release of a project (which names its axis) that a point has; None without one or without facts.

        Where the point's CUDA has an index of its own that offers the version as a build for that CUDA, such as
        torch 2.3.1+cu118, it is that build (PEP 440: a local version is newer than the same without).
        """
        version = getattr(point, project)
        own = self.facts.get(project, f"{version}+{point.label}") if point.label in self.matrix.indexes else None
        return own or self.facts.get(project, version)


Check = Callable[[Variant, RuleInputs], RuleVerdict]

# Of a rule about a part that the point does not have, or of which nothing is known.
ABSENT = RuleVerdict(True, "nothing to check")


def ray_extras(point: Variant, rule_inputs: RuleInputs) -> tuple[str, ...]:
    """The extras of Ray that a variant installs: those of matrix.yaml and those that its vLLM requires."""
    vllm = rule_inputs.release("vllm", point)
    required = requirement_of(vllm, "ray", point) if vllm else None
    return (*rule_inputs.matrix.packages_of(point).ray_extras, *sorted(required.extras if required else ()))


def source(release: ProjectRelease, fact: str) -> str:
    """Evidence: what a release says, where that was read and when."""
    return f"{release}: {fact} ({release.source}, read {release.read})"
