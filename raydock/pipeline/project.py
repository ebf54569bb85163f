"""A checkout read and judged: what every command starts from."""

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
from raydock.plan.rules import RuleInputs


@dataclass(frozen=True)
class Project:
    """One checkout. Each part is read when first asked for; all raise ConfigurationError for a file that is wrong."""

    checkout: Checkout

    @cached_property
    def matrix(self) -> Matrix:
        return matrix.load(self.checkout.matrix)

    @cached_property
    def facts(self) -> Facts:
        return facts.load(self.checkout.facts)

    @property
    def rule_inputs(self) -> RuleInputs:
        """What variants are judged and locked by."""
        return RuleInputs(self.matrix, self.facts)

    @cached_property
    def plan(self) -> Plan:
        return planner.make(self.matrix, self.facts, datetime.now(UTC).date())

    @property
    def variants(self) -> list[Variant]:
        """Every variant of the plan."""
        return [item.variant for item in self.plan.variants]

    def dockerfiles(self, chosen: tuple[Planned, ...]) -> dict[str, str]:
        """The Dockerfile of each variant, by name, rendered from its lock."""
        renderer = Renderer(self.checkout.templates, self.matrix)
        return {item.name: renderer.render(item, self.layers(item)) for item in chosen}

    def layers(self, item: Planned) -> tuple[Layer, ...]:
        """The layers of a variant, by its lock. Raises ConfigurationError where it has none."""
        return layers(lock.load(self.checkout.lock(item.name)), self.matrix.packages_of(item.variant).added)

    def download_bytes(self, chosen: tuple[Planned, ...]) -> dict[str, int | None]:
        """The size of each variant's wheels in bytes, as its lock has it; None if it is not locked."""
        sizes = {item.name: self._header(item).get("download-bytes") for item in chosen}
        return {name: int(size) if size else None for name, size in sizes.items()}

    def without_cutoff(self, chosen: tuple[Planned, ...]) -> dict[str, str]:
        """The indexes for which the cut-off day did not hold, by the variants whose locks record any."""
        found = {item.name: self._header(item).get(lock.NO_CUTOFF, "") for item in chosen}
        return {name: indexes for name, indexes in found.items() if indexes}

    def _header(self, item: Planned) -> dict[str, str]:
        path = self.checkout.lock(item.name)
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return lock.parse(text).header
