"""Which variants may be published: built here, from what the checkout says now, and through the gate."""

from collections.abc import Iterable
from dataclasses import dataclass

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
from raydock.publish.gate import Gate, Proof


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A variant whose newest build may be published: its image, what it was made from, and what was found of it."""

    planned: Planned
    image: ContainerImage
    recipe: Recipe
    base: BaseImage
    lock: Lock
    proof: Proof

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def fingerprint(self) -> str:
        return self.recipe.fingerprint


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """Judges builds on one engine."""

    builder: Builder
    gate: Gate

    def judge(self, chosen: Iterable[Planned]) -> dict[str, Ready | RaydockError]:
        """What may be published of these variants by name, and why not for the rest."""
        chosen, templates = tuple(chosen), self.builder.checkout.templates
        images = self.builder.built(item.name for item in chosen)
        refs = {recipe_for(self.builder.matrix, item.variant, self.builder.checkout).ref for item in chosen}
        bases = existing(self.builder.client, refs)
        context, renderer = Context.read(templates), Renderer(templates, self.builder.matrix)
        found: dict[str, Ready | RaydockError] = {}
        for item in chosen:
            try:
                found[item.name] = self._ready(item, images.get(item.name), bases, context, renderer)
            except RaydockError as error:
                found[item.name] = error
        return found

    def _ready(
        self,
        item: Planned,
        image: ContainerImage | None,
        bases: dict[str, BaseImage],
        context: Context,
        renderer: Renderer,
    ) -> Ready:
        todo = f"`./build.py images --select 'name={item.name}'`."
        if image is None:
            raise NotBuiltError(f"{item.name} is not built on this engine.", todo=todo)
        checkout = self.builder.checkout
        base = bases.get(recipe_for(self.builder.matrix, item.variant, checkout).ref)
        recipe = self.builder.recipe(item, base, context, renderer) if base else None
        if base is None or recipe is None or image.fingerprint != recipe.fingerprint:
            raise VariantError(
                f"{item.name} on this engine is not what the checkout describes now.",
                meaning="Its lock, its templates, its base or raydock changed since it was built.",
                todo=todo,
            )
        proof = self.gate.proof(item.name, image, kuberay=item.kuberay)
        lock = locks.load(checkout.lock(item.name))
        return Ready(planned=item, image=image, recipe=recipe, base=base, lock=lock, proof=proof)


class NotBuiltError(VariantError):
    """The engine holds no image of a variant."""
