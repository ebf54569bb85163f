"""Builds variants in parallel on shared bases.

Built variants are skipped, and a failure does not stop the others.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import uv

from raydock.builder import builders
from raydock.builder.basemaker import BaseImage, BaseMaker, existing
from raydock.builder.baserecipe import BaseRecipe, group_debs, recipe_for
from raydock.builder.buildx import Buildx, LostPackagesError
from raydock.builder.debs.containerapt import ContainerApt
from raydock.builder.layers import layers
from raydock.builder.recipe import Context, Recipe
from raydock.builder.render import Renderer
from raydock.builder.secrets import Secrets
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError, VariantError
from raydock.core.events import Listener
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
        if builder := builders.configured(self.client.endpoint):
            _log.warning("the buildx builder %s is configured; raydock builds with the engine's own builder", builder)
        buildx = self._buildx()
        bases = self._bases(variants, buildx)
        built = {} if self.no_cache else self.built(planned.name for planned in variants)
        recipe_of = self._recipes_on(bases)

        def build_one(planned: Planned) -> VariantResult:
            name, base, recipe = planned.name, bases[planned.name], recipe_of(planned)
            if isinstance(recipe, RaydockError):
                return VariantResult(name=name, error=recipe)
            assert not isinstance(base, RaydockError)  # otherwise the recipe is that error
            if (image := built.get(name)) and image.fingerprint == recipe.fingerprint:
                self.listener(name, "is built already")
                return VariantResult.untested(name, image)
            # Only the indexes of this variant: others can offer a different file for a pinned version.
            secrets = self.secrets.with_indexes(addresses.extras(self.matrix, planned.variant, os.environ))
            return self._build(recipe, base.ref, buildx, secrets, partial(self._place_debs, planned, base.ref, buildx))

        # If an engine's overlay2 store (moby 26.1) already has a layer, builds that share its step race, and can write
        # the files of the next layer in a different order, which gives a different image id. With one job, there is no
        # race.
        return in_parallel(build_one, variants, 1 if self.no_cache else self.jobs, buildx.stop)

    def recipes(self, variants: Iterable[Planned]) -> dict[str, Recipe | RaydockError]:
        """The recipe of each variant, or the error why there is none, by name.

        Makes the bases that are missing.
        """
        variants = list(variants)
        recipe_of = self._recipes_on(self._bases(variants, self._buildx()))
        return {planned.name: recipe_of(planned) for planned in variants}

    def find(self, variants: Iterable[Planned]) -> list[VariantResult]:
        """The newest built image of each variant, or an error if it is not built."""
        names = [planned.name for planned in variants]
        images = self.built(names)
        return [VariantResult.untested(name, images[name]) if name in images else _not_built(name) for name in names]

    def recipe(self, planned: Planned, base: BaseImage, context: Context, renderer: Renderer) -> Recipe:
        """The recipe of a variant on a base, from its committed lock."""
        lock, debs = (
            locks.load(self.checkout.lock(planned.name)),
            group_debs(self.matrix, planned.variant, self.checkout),
        )
        parts = layers(lock, self.matrix.packages_of(planned.variant).added)
        return Recipe(
            name=planned.name,
            dockerfile=renderer.render(planned, parts),
            files=context.files(planned, lock, parts, debs),
            lock_sha256=lock.sha256,
            base=base.fingerprint,
            python=base.python,
            platform=f"linux/{planned.variant.arch}",
            epoch=self.matrix.epoch,
        )

    def _buildx(self) -> Buildx:
        return Buildx(
            listener=self.listener,
            endpoint=self.client.endpoint,
            uv=uv_folder(self.checkout),
            no_cache=self.no_cache,
        )

    def _recipes_on(self, bases: Mapping[str, BaseImage | RaydockError]) -> Callable[[Planned], Recipe | RaydockError]:
        """A function that returns the recipe of a variant on one of these bases.

        It returns the error if the recipe cannot be made.
        """
        context, renderer = Context.read(self.checkout.templates), Renderer(self.checkout.templates, self.matrix)

        def recipe_of(planned: Planned) -> Recipe | RaydockError:
            base = bases[planned.name]
            try:
                return base if isinstance(base, RaydockError) else self.recipe(planned, base, context, renderer)
            except RaydockError as error:
                return error

        return recipe_of

    def tag(self, name: str) -> str:
        """The tag of a variant's newest image on the engine."""
        return f"{self.matrix.registry}:{name}"

    def built(self, names: Iterable[str]) -> dict[str, ContainerImage]:
        """The newest images of these variants that the engine has, by name."""
        return built_images(self.client, self.matrix.registry, names)

    @contextmanager
    def apt(self, recipe: BaseRecipe, group: bool) -> Iterator[ContainerApt]:
        """The apt of a pulled base.

        It runs in the image itself or, for the packages of a group, in the base made from it.
        """
        maker = self._maker(self._buildx())
        if not group:
            with maker.apt(recipe) as apt:
                yield apt
            return
        base = existing(self.client, [recipe.ref]).get(recipe.ref) or maker.make(recipe)
        yield ContainerApt(client=self.client, ref=base.ref, image=recipe.base.image, secrets=self.secrets)

    def _maker(self, buildx: Buildx) -> BaseMaker:
        return BaseMaker(
            client=self.client,
            buildx=buildx,
            checkout=self.checkout,
            secrets=self.secrets,
            listener=self.listener,
            deb_repository=self.matrix.debs,
        )

    def _place_debs(self, planned: Planned, base: str, buildx: Buildx, context: Path) -> None:
        """Puts the OS packages of a variant's group into the build context."""
        if debs := group_debs(self.matrix, planned.variant, self.checkout):
            recipe = recipe_for(self.matrix, planned.variant, self.checkout)
            self._maker(buildx).fetch(debs, recipe, base).place(debs, context / "debs")

    def _bases(self, variants: list[Planned], buildx: Buildx) -> dict[str, BaseImage | RaydockError]:
        """The base of each variant, by the name of the variant.

        Made if the engine does not have it.
        """
        recipes = {planned.name: self._base_recipe(planned) for planned in variants}
        needed = {recipe.ref: recipe for recipe in recipes.values() if isinstance(recipe, BaseRecipe)}
        bases: dict[str, BaseImage | RaydockError] = dict(existing(self.client, needed))
        maker = self._maker(buildx)

        def make(recipe: BaseRecipe) -> tuple[str, BaseImage | RaydockError]:
            try:
                return recipe.ref, maker.make(recipe)
            except RaydockError as error:
                return recipe.ref, error

        missing = [recipe for ref, recipe in needed.items() if ref not in bases]
        bases |= dict(in_parallel(make, missing, self.jobs, buildx.stop))
        return {
            name: recipe if isinstance(recipe, RaydockError) else bases[recipe.ref] for name, recipe in recipes.items()
        }

    def _base_recipe(self, planned: Planned) -> BaseRecipe | RaydockError:
        try:
            return recipe_for(self.matrix, planned.variant, self.checkout)
        except RaydockError as error:
            return error

    def _build(
        self, recipe: Recipe, base: str, buildx: Buildx, secrets: Secrets, add: Callable[[Path], None]
    ) -> VariantResult:
        started = time.monotonic()
        try:
            image = get_image(self.client, self._image(recipe, base, buildx, secrets, add))
        except RaydockError as error:
            return VariantResult(name=recipe.name, fingerprint=recipe.fingerprint, error=error)
        seconds = time.monotonic() - started
        self.listener(recipe.name, f"built in {seconds:.0f} s")
        return replace(VariantResult.untested(recipe.name, image), built=True, seconds=seconds)

    def _image(self, recipe: Recipe, base: str, buildx: Buildx, secrets: Secrets, add: Callable[[Path], None]) -> str:
        """Builds a recipe and returns the id of the image.

        Packages evicted from the build cache are installed again.
        add: puts more files into the build context.
        """
        folder = self.checkout.work / "contexts" / recipe.name
        build = partial(
            buildx.build,
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
            add(folder)
            options = (f"--build-arg=BASE={base}", *secrets.options(folder))
            try:
                return build(options=options)
            except LostPackagesError:
                self.listener(recipe.name, "the build cache lost packages; installing them again")
                return build(options=(*options, f"--build-arg=REFRESH={time.time_ns()}"))
        finally:
            (folder / "uv.toml").unlink(missing_ok=True)


def built_images(client: EngineClient, registry: str, names: Iterable[str]) -> dict[str, ContainerImage]:
    """The newest images of these variants that an engine has, by name.

    `registry` is the beginning of their tags.
    """
    images = {name: find_image(client, f"{registry}:{name}") for name in names}
    return {name: image for name, image in images.items() if image and image.fingerprint}


def _not_built(name: str) -> VariantResult:
    todo = f"`./build.py build --select 'name={name}'`."
    return VariantResult(name=name, error=VariantError(f"{name} is not built on this engine.", todo=todo))


def uv_folder(checkout: Checkout) -> Path:
    """A folder that contains only the uv binary of raydock's environment."""
    source, folder = Path(uv.find_uv_bin()), checkout.work / "tools"
    target = folder / "uv"
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, folder / ".uv")
        (folder / ".uv").replace(target)
    return folder
