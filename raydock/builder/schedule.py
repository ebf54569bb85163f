"""Builds variants in parallel on shared bases.

Built variants are skipped, and a failure does not stop the others.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import uv

from raydock.builder.basemaker import BaseImage, BaseMaker, existing
from raydock.builder.baserecipe import group_debs, recipe_for
from raydock.builder.buildx import Buildx, LostPackagesError, configured_builder
from raydock.builder.layers import layers
from raydock.builder.recipe import Context, Recipe
from raydock.builder.render import Renderer
from raydock.builder.secrets import Secrets
from raydock.core.checkout import Checkout
from raydock.core.errors import NotBuiltError, RaydockError
from raydock.core.events import WAITING, Listener, Span, queue
from raydock.core.outcomes import attempt, attempt_each, split
from raydock.core.parallel import in_parallel
from raydock.engine.client import EngineClient
from raydock.engine.localimage import find_image, get_image
from raydock.index import addresses
from raydock.model import lock as locks
from raydock.model.image import ContainerImage
from raydock.model.matrix import Matrix
from raydock.model.result import VariantResult
from raydock.plan.planner import Planned

_log = logging.getLogger(__name__)
# How often packages are installed again that the build cache lost. Each time at least one more layer is placed.
_MOST_LOSSES = 5


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Builds the variants of one matrix with one engine.

    Attributes:
        client: the client of the engine.
        checkout: the paths of the checkout.
        matrix: the matrix.
        secrets: the certificates, credentials and indexes of builds.
        listener: gets the progress.
        jobs: how many variants are built in parallel.
        no_cache: whether every step is built again.
    """

    client: EngineClient
    checkout: Checkout
    matrix: Matrix
    secrets: Secrets
    listener: Listener
    jobs: int
    no_cache: bool = False

    def build(self, variants: Iterable[Planned]) -> list[VariantResult]:
        """Builds the variants that are not built yet.

        The results have the order of `variants`. Ctrl-C ends all builds and is raised again.
        """
        variants = list(variants)
        if builder := configured_builder(self.client.endpoint):
            _log.warning("the buildx builder %s is configured; raydock builds with the engine's own builder", builder)
        recipes = self.recipes(variants)
        built = {} if self.no_cache else self.built(planned.name for planned in variants)

        queued = queue(self.listener, recipes)

        def build_one(planned: Planned) -> VariantResult:
            name, recipe = planned.name, recipes[planned.name]
            self.listener(name, WAITING, ran=Span.since(queued))
            image = built.get(name)
            if isinstance(recipe, RaydockError):
                result = VariantResult(name=name, error=recipe)
            elif image and image.fingerprint == recipe.fingerprint:
                result = VariantResult.untested(name, image)
            else:
                result = self._build(planned, recipe)
            self.listener(name, result.outcome, final=True)
            return result

        # If an engine's overlay2 store (moby 26.1) already has a layer, builds that share its step race, and can write
        # the files of the next layer in a different order, which gives a different image id. With one job, there is no
        # race.
        return in_parallel(build_one, variants, 1 if self.no_cache else self.jobs, self._buildx.processes.stop)

    def recipes(self, variants: Iterable[Planned]) -> dict[str, Recipe | RaydockError]:
        """The recipe of each variant, or the error why there is none, by name.

        Makes the bases that are missing.
        """
        variants = list(variants)
        bases = self._bases(variants)
        return {planned.name: attempt(partial(self.recipe, planned), bases[planned.name]) for planned in variants}

    def find(self, variants: Iterable[Planned]) -> list[VariantResult]:
        """The newest built image of each variant, or an error if it is not built."""
        names = [planned.name for planned in variants]
        images = self.built(names)
        return [VariantResult.untested(name, images[name]) if name in images else _not_built(name) for name in names]

    def recipe(self, planned: Planned, base: BaseImage) -> Recipe:
        """The recipe of a variant on a base, from its committed lock."""
        lock = locks.load(self.checkout.lock(planned.name))
        debs = group_debs(self.matrix, planned.variant, self.checkout)
        parts = layers(lock, self.matrix.packages_of(planned.variant).added)
        return Recipe(
            name=planned.name,
            dockerfile=self._renderer.render(planned, parts),
            files=self._context.files(planned, lock, parts, debs),
            lock_sha256=lock.sha256,
            base=base.fingerprint,
            base_ref=base.ref,
            python=base.python,
            platform=f"linux/{planned.variant.arch}",
            epoch=self.matrix.epoch,
        )

    @cached_property
    def _context(self) -> Context:
        return Context.read(self.checkout.templates)

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.checkout.templates, self.matrix)

    @cached_property
    def _buildx(self) -> Buildx:
        return Buildx(
            listener=self.listener,
            endpoint=self.client.endpoint,
            uv=uv_folder(self.checkout),
            no_cache=self.no_cache,
        )

    def tag(self, name: str) -> str:
        """The tag of a variant's newest image on the engine."""
        return f"{self.matrix.registry}:{name}"

    def built(self, names: Iterable[str]) -> dict[str, ContainerImage]:
        """The newest images of these variants that the engine has, by name."""
        return built_images(self.client, self.matrix.registry, names)

    @cached_property
    def bases(self) -> BaseMaker:
        """Makes the bases of the variants."""
        return BaseMaker(
            client=self.client,
            buildx=self._buildx,
            checkout=self.checkout,
            secrets=self.secrets,
            listener=self.listener,
            deb_repository=self.matrix.debs,
        )

    def _bases(self, variants: list[Planned]) -> dict[str, BaseImage | RaydockError]:
        """The base of each variant, by the name of the variant.

        Made if the engine does not have it.
        """
        recipes = {
            planned.name: attempt(partial(recipe_for, self.matrix, checkout=self.checkout), planned.variant)
            for planned in variants
        }
        needed = {recipe.ref: recipe for recipe in split(recipes)[0].values()}
        known = existing(self.client, needed)
        missing = {ref: recipe for ref, recipe in needed.items() if ref not in known}
        made, failed = attempt_each(self.bases.make, missing, self.jobs, self._buildx.processes.stop)
        bases: dict[str, BaseImage | RaydockError] = {**known, **made, **failed}
        return {
            name: recipe if isinstance(recipe, RaydockError) else bases[recipe.ref] for name, recipe in recipes.items()
        }

    def _build(self, planned: Planned, recipe: Recipe) -> VariantResult:
        # Only the indexes of this variant: others can offer a different file for a pinned version.
        secrets = self.secrets.with_indexes(addresses.extras(self.matrix, planned.variant, os.environ))
        started = time.monotonic()
        try:
            image = get_image(self.client, self._image(planned, recipe, secrets))
        except RaydockError as error:
            return VariantResult(name=recipe.name, fingerprint=recipe.fingerprint, error=error)
        seconds = time.monotonic() - started
        return replace(VariantResult.untested(recipe.name, image), built=True, seconds=seconds)

    def _image(self, planned: Planned, recipe: Recipe, secrets: Secrets) -> str:
        """Builds a recipe on its base, and returns the id of the image.

        Packages evicted from the build cache are installed again; the layers that are placed are kept.
        """
        folder = self.checkout.work / "contexts" / recipe.name
        build = partial(
            self._buildx.build,
            recipe.name,
            folder,
            tags=(self.tag(recipe.name),),
            labels=recipe.labels,
            epoch=recipe.epoch,
            platform=recipe.platform,
            log=self.checkout.log(recipe.name),
        )
        try:
            recipe.write(folder)
            if debs := group_debs(self.matrix, planned.variant, self.checkout):
                base_recipe = recipe_for(self.matrix, planned.variant, self.checkout)
                self.bases.fetch(debs, base_recipe, recipe.base_ref).place(debs, folder / "debs")
            options = (f"--build-arg=BASE={recipe.base_ref}", *secrets.options(folder))
            for _ in range(_MOST_LOSSES):
                try:
                    return build(options=options)
                except LostPackagesError:
                    self.listener(recipe.name, "the build cache lost packages; installing them again")
                    options = (*options, f"--build-arg=REFRESH={time.time_ns()}")
            return build(options=options)
        finally:
            (folder / "uv.toml").unlink(missing_ok=True)


def built_images(client: EngineClient, registry: str, names: Iterable[str]) -> dict[str, ContainerImage]:
    """The newest images of these variants that an engine has, by name.

    `registry` is the beginning of their tags.
    """
    images = {name: find_image(client, f"{registry}:{name}") for name in names}
    return {name: image for name, image in images.items() if image and image.fingerprint}


def _not_built(name: str) -> VariantResult:
    return VariantResult(name=name, error=NotBuiltError(name, command="build"))


def uv_folder(checkout: Checkout) -> Path:
    """A folder that contains only the uv binary of raydock's environment."""
    source, folder = Path(uv.find_uv_bin()), checkout.work / "tools"
    target = folder / "uv"
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, folder / ".uv")
        (folder / ".uv").replace(target)
    return folder
