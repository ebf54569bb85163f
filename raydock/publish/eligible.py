"""Decide which variants may be published.

They must be built here, up to date with the checkout, and passed by the gate.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from raydock.builder.basemaker import BaseImage, existing
from raydock.builder.baserecipe import recipe_for
from raydock.builder.recipe import Context, Recipe
from raydock.builder.render import Renderer
from raydock.builder.schedule import Builder
from raydock.core.errors import RaydockError, VariantError
from raydock.model import lock as locks
from raydock.model.image import ContainerImage
from raydock.model.lock import Lock
from raydock.plan.planner import Planned
from raydock.publish.gate import BuildEvidence, Gate


@dataclass(frozen=True, kw_only=True)
class PublishableBuild:
    """A variant whose newest build may be published.

    Attributes:
        planned: the variant in the plan.
        image: its image on the engine.
        recipe: the inputs that the image was built from.
        base: the base image that it was built on.
        lock: its locked packages.
        evidence: the reports and files that the gate checked.
    """

    planned: Planned
    image: ContainerImage
    recipe: Recipe
    base: BaseImage
    lock: Lock
    evidence: BuildEvidence

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def fingerprint(self) -> str:
        return self.recipe.fingerprint


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """Checks which builds of one engine may be published.

    Attributes:
        builder: finds images and computes fingerprints.
        gate: checks the reports of an image.
    """

    builder: Builder
    gate: Gate

    def check(self, chosen: Iterable[Planned]) -> dict[str, PublishableBuild | RaydockError]:
        """The builds that may be published, by variant name.

        For each other variant, the reason as an error.
        """
        chosen, matrix, checkout = tuple(chosen), self.builder.matrix, self.builder.checkout
        images = self.builder.built(planned.name for planned in chosen)
        refs = {planned.name: recipe_for(matrix, planned.variant, checkout).ref for planned in chosen}
        bases = existing(self.builder.client, set(refs.values()))
        context, renderer = Context.read(checkout.templates), Renderer(checkout.templates, matrix)
        recipe_on = partial(self.builder.recipe, context=context, renderer=renderer)
        builds: dict[str, PublishableBuild | RaydockError] = {}
        for planned in chosen:
            name = planned.name
            try:
                builds[name] = self._check(planned, images.get(name), bases.get(refs[name]), recipe_on)
            except RaydockError as error:
                builds[name] = error
        return builds

    def _check(
        self,
        planned: Planned,
        image: ContainerImage | None,
        base: BaseImage | None,
        recipe_on: Callable[[Planned, BaseImage], Recipe],
    ) -> PublishableBuild:
        todo = f"`./build.py images --select 'name={planned.name}'`."
        if image is None:
            raise NotBuiltError(f"{planned.name} is not built on this engine.", todo=todo)
        recipe = recipe_on(planned, base) if base else None
        if base is None or recipe is None or image.fingerprint != recipe.fingerprint:
            raise VariantError(
                f"{planned.name} on this engine is out of date with the checkout.",
                meaning="Its lock, its templates, its base or raydock changed after it was built.",
                todo=todo,
            )
        evidence = self.gate.check(planned.name, image, kuberay=planned.kuberay)
        lock = locks.load(self.builder.checkout.lock(planned.name))
        return PublishableBuild(planned=planned, image=image, recipe=recipe, base=base, lock=lock, evidence=evidence)


class NotBuiltError(VariantError):
    """The engine does not have an image of a variant."""
