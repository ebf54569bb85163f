"""Read a checkout: its matrix, facts and plan. Every command starts here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from raydock.builder.layers import Layer, layers
from raydock.builder.render import Renderer
from raydock.core.checkout import Checkout
from raydock.model import facts, lock, matrix
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant
from raydock.plan import planner
from raydock.plan.planner import Plan, Planned
from raydock.plan.rules.verdict import RuleInputs


@dataclass(frozen=True)
class Project:
    """A checkout.

    Each part is read when it is first used, and raises ConfigurationError if a file is invalid.

    Attributes:
        checkout: the paths of the checkout.
    """

    checkout: Checkout

    @cached_property
    def matrix(self) -> Matrix:
        return matrix.load(self.checkout.matrix)

    @cached_property
    def facts(self) -> Facts:
        return facts.load(self.checkout.facts)

    @property
    def rule_inputs(self) -> RuleInputs:
        """The inputs of the rules, by which variants are planned and locked."""
        return RuleInputs(self.matrix, self.facts)

    @cached_property
    def plan(self) -> Plan:
        return planner.make(self.matrix, self.facts, datetime.now(UTC).date())

    @property
    def variants(self) -> list[Variant]:
        """Every variant of the plan."""
        return [planned.variant for planned in self.plan.variants]

    def dockerfiles(self, chosen: tuple[Planned, ...]) -> dict[str, str]:
        """Render the Dockerfile of each variant from its lock; by variant name."""
        renderer = Renderer(self.checkout.templates, self.matrix)
        return {planned.name: renderer.render(planned, self.layers(planned)) for planned in chosen}

    def layers(self, planned: Planned) -> tuple[Layer, ...]:
        """The layers of a variant, by its lock.

        Raises ConfigurationError if it is not locked.
        """
        return layers(lock.load(self.checkout.lock(planned.name)), self.matrix.packages_of(planned.variant).added)

    def download_bytes(self, chosen: tuple[Planned, ...]) -> dict[str, int | None]:
        """The size of each variant's wheels in bytes, according to its lock.

        Returns None if it is not locked.
        """
        sizes = {planned.name: self._header(planned).get("download-bytes") for planned in chosen}
        return {name: int(size) if size else None for name, size in sizes.items()}

    def without_cutoff(self, chosen: tuple[Planned, ...]) -> dict[str, str]:
        """The indexes to which the cut-off day did not apply, by variant.

        Only variants whose locks record such an index are listed.
        """
        recorded = {planned.name: self._header(planned).get(lock.NO_CUTOFF, "") for planned in chosen}
        return {name: indexes for name, indexes in recorded.items() if indexes}

    def _header(self, planned: Planned) -> dict[str, str]:
        path = self.checkout.lock(planned.name)
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return lock.parse(text).header
