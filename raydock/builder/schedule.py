"""Builds variants side by side: skips what is built, shares the bases, and lets no failure stop the others."""

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
    """Builds the variants of one matrix with one engine."""

    client: EngineClient
    checkout: Checkout
    matrix: Matrix
    secrets: Secrets
    listener: Listener
    jobs: int
    no_cache: bool = False

    def build(self, planned: Iterable[Planned]) -> list[VariantResult]:
        """Builds what is not built yet; answers in the order asked. Ctrl-C ends all builds and is raised again."""
        planned = list(planned)
        if other := builders.configured(self.client.endpoint):
            _log.warning("the buildx builder %s is configured; raydock builds with the engine's own builder", other)
        buildx = self._buildx()
        bases = self._bases(planned, buildx)
        there = {} if self.no_cache else self.there(item.name for item in planned)
        recipe = self._recipes_on(bases)

        def one(item: Planned) -> VariantResult:
            name, base, wanted = item.name, bases[item.name], recipe(item)
            if isinstance(wanted, RaydockError):
                return VariantResult(name=name, error=wanted)
            assert not isinstance(base, RaydockError)  # it would be the recipe's error
            if (image := there.get(name)) and image.fingerprint == wanted.fingerprint:
                self.listener(name, "is built already")
                return VariantResult.of(name, image)
            # No index of another variant's: what it offers under a pinned version may be another file.
            secrets = self.secrets.beside(addresses.extras(self.matrix, item.variant, os.environ))
            return self._build(wanted, base.ref, buildx, secrets, partial(self._place_debs, item, base.ref, buildx))

        # Where an engine's overlay2 store (moby 26.1) has a layer already, builds that share its step race, and may
        # write the files of the next layer in another order: another image id. One at a time there is no race.
        return in_parallel(one, planned, 1 if self.no_cache else self.jobs, buildx.stop)

    def recipes(self, planned: Iterable[Planned]) -> dict[str, Recipe | RaydockError]:
        """What would be built, by name, on bases that are made where the engine lacks them; or why it cannot be."""
        planned = list(planned)
        recipe = self._recipes_on(self._bases(planned, self._buildx()))
        return {item.name: recipe(item) for item in planned}

    def find(self, planned: Iterable[Planned]) -> list[VariantResult]:
        """The newest built image of each variant, or the error that there is none."""
        names = [item.name for item in planned]
        images = self.there(names)
        return [VariantResult.of(name, images[name]) if name in images else _not_built(name) for name in names]

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
        """What tells a variant's recipe on one of these bases, or why there is none."""
        context, renderer = Context.read(self.checkout.templates), Renderer(self.checkout.templates, self.matrix)

        def of(item: Planned) -> Recipe | RaydockError:
            base = bases[item.name]
            try:
                return base if isinstance(base, RaydockError) else self.recipe(item, base, context, renderer)
            except RaydockError as error:
                return error

        return of

    def tag(self, name: str) -> str:
        """The tag under which the engine keeps a variant's newest image."""
        return f"{self.matrix.registry}:{name}"

    def there(self, names: Iterable[str]) -> dict[str, ContainerImage]:
        """The newest images of these variants that the engine has, by name."""
        return built_images(self.client, self.matrix.registry, names)

    @contextmanager
    def apt(self, recipe: BaseRecipe, group: bool) -> Iterator[ContainerApt]:
        """apt of a pulled base: of the image itself, or of the base that is made of it, to which a group adds."""
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
            kept=self.matrix.debs,
        )

    def _place_debs(self, planned: Planned, base: str, buildx: Buildx, context: Path) -> None:
        """Puts the OS packages of a variant's group into its build context."""
        if debs := group_debs(self.matrix, planned.variant, self.checkout):
            recipe = recipe_for(self.matrix, planned.variant, self.checkout)
            self._maker(buildx).fetch(debs, recipe, base).place(debs, context / "debs")

    def _bases(self, planned: list[Planned], buildx: Buildx) -> dict[str, BaseImage | RaydockError]:
        """The base of each variant, by the variant's name; made if the engine lacks it."""
        recipes = {item.name: self._base(item) for item in planned}
        wanted = {item.ref: item for item in recipes.values() if isinstance(item, BaseRecipe)}
        found: dict[str, BaseImage | RaydockError] = dict(existing(self.client, wanted))
        maker = self._maker(buildx)

        def make(item: BaseRecipe) -> tuple[str, BaseImage | RaydockError]:
            try:
                return item.ref, maker.make(item)
            except RaydockError as error:
                return item.ref, error

        missing = [item for ref, item in wanted.items() if ref not in found]
        found |= dict(in_parallel(make, missing, self.jobs, buildx.stop))
        return {name: item if isinstance(item, RaydockError) else found[item.ref] for name, item in recipes.items()}

    def _base(self, planned: Planned) -> BaseRecipe | RaydockError:
        try:
            return recipe_for(self.matrix, planned.variant, self.checkout)
        except RaydockError as error:
            return error

    def _build(
        self, wanted: Recipe, base: str, buildx: Buildx, secrets: Secrets, add: Callable[[Path], None]
    ) -> VariantResult:
        started = time.monotonic()
        try:
            image = get_image(self.client, self._image(wanted, base, buildx, secrets, add))
        except RaydockError as error:
            return VariantResult(name=wanted.name, fingerprint=wanted.fingerprint, error=error)
        seconds = time.monotonic() - started
        self.listener(wanted.name, f"built in {seconds:.0f} s")
        return replace(VariantResult.of(wanted.name, image), built=True, seconds=seconds)

    def _image(self, wanted: Recipe, base: str, buildx: Buildx, secrets: Secrets, add: Callable[[Path], None]) -> str:
        """Builds a recipe and returns the image's id. Packages that the build cache lost are made ready again.

        `add` puts more files into the build context.
        """
        folder = self.checkout.work / "contexts" / wanted.name
        build = partial(
            buildx.build,
            wanted.name,
            folder,
            tags=(self.tag(wanted.name),),
            labels=wanted.labels,
            epoch=wanted.epoch,
            platform=wanted.platform,
            log=self.checkout.log(wanted.name),
        )
        try:
            wanted.write(folder)
            add(folder)
            options = (f"--build-arg=BASE={base}", *secrets.options(folder))
            try:
                return build(options=options)
            except LostPackagesError:
                self.listener(wanted.name, "the build cache lost packages; making them ready again")
                return build(options=(*options, f"--build-arg=REFRESH={time.time_ns()}"))
        finally:
            (folder / "uv.toml").unlink(missing_ok=True)


def built_images(client: EngineClient, registry: str, names: Iterable[str]) -> dict[str, ContainerImage]:
    """The newest images of these variants that an engine has, by name; `registry` is what their tags begin with."""
    images = {name: find_image(client, f"{registry}:{name}") for name in names}
    return {name: image for name, image in images.items() if image and image.fingerprint}


def _not_built(name: str) -> VariantResult:
    todo = f"`./build.py build --select 'name={name}'`."
    return VariantResult(name=name, error=VariantError(f"{name} is not built on this engine.", todo=todo))


def uv_folder(checkout: Checkout) -> Path:
    """A folder that holds uv's binary alone, the same file as the one in raydock's environment."""
    source, folder = Path(uv.find_uv_bin()), checkout.work / "tools"
    target = folder / "uv"
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, folder / ".uv")
        (folder / ".uv").replace(target)
    return folder
