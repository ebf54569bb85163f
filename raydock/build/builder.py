"""Builds variants side by side: skips what is built, shares the bases, and lets no failure stop the others."""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import docker
import uv

from raydock.build.base import BaseImage, BaseMaker, BaseRecipe, existing, recipe_for
from raydock.build.buildx import Buildx, LostPackagesError
from raydock.build.layers import layers
from raydock.build.localimage import LocalImage, find_image, get_image
from raydock.build.recipe import Context, Recipe
from raydock.build.render import Renderer
from raydock.build.secrets import Secrets
from raydock.errors import RaydockError, VariantError
from raydock.events import Listener
from raydock.lock import addresses
from raydock.model import lock as locks
from raydock.model.matrix import Matrix
from raydock.parallel import in_parallel
from raydock.paths import Checkout
from raydock.plan.planner import Planned

FINGERPRINT = "raydock.fingerprint"


@dataclass(frozen=True, kw_only=True)
class Built:
    """One variant's image, or the error.

    Attributes:
        name: the variant's name.
        image_id: the engine's id of the image.
        content: the digest of the image's content, the same in every image store.
        fingerprint: what decides the image.
        built: False if the image existed already.
        seconds: the time that the build took.
    """

    name: str
    image_id: str = ""
    content: str = ""
    fingerprint: str = ""
    built: bool = False
    seconds: float = 0.0
    error: RaydockError | None = None


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Builds the variants of one matrix with one engine."""

    client: docker.DockerClient
    checkout: Checkout
    matrix: Matrix
    secrets: Secrets
    listener: Listener
    jobs: int
    no_cache: bool = False

    def build(self, planned: Iterable[Planned]) -> list[Built]:
        """Builds what is not built yet; answers in the order asked. Ctrl-C ends all builds and is raised again."""
        planned = list(planned)
        buildx = self._buildx()
        bases = self._bases(planned, buildx)
        there = {} if self.no_cache else self.there(item.name for item in planned)
        recipe = self._recipes_on(bases)

        def one(item: Planned) -> Built:
            name, wanted = item.name, recipe(item)
            if isinstance(wanted, RaydockError):
                return Built(name=name, error=wanted)
            if (image := there.get(name)) and image.labels[FINGERPRINT] == wanted.fingerprint:
                self.listener(name, "is built already")
                return _built(name, image)
            # No index of another variant's: what it offers under a pinned version may be another file.
            secrets = self.secrets.beside(addresses.extras(self.matrix, item.variant, os.environ))
            return self._build(wanted, self._base(item).ref, buildx, secrets)

        # Where an engine's overlay2 store (moby 26.1) has a layer already, builds that share its step race, and may
        # write the files of the next layer in another order: another image id. One at a time there is no race.
        return in_parallel(one, planned, 1 if self.no_cache else self.jobs, buildx.stop)

    def recipes(self, planned: Iterable[Planned]) -> dict[str, Recipe | RaydockError]:
        """What would be built, by name, on bases that are made where the engine lacks them; or why it cannot be."""
        planned = list(planned)
        recipe = self._recipes_on(self._bases(planned, self._buildx()))
        return {item.name: recipe(item) for item in planned}

    def find(self, planned: Iterable[Planned]) -> list[Built]:
        """The newest built image of each variant, or the error that there is none."""
        names = [item.name for item in planned]
        images = self.there(names)
        return [_built(name, images[name]) if name in images else _not_built(name) for name in names]

    def recipe(self, planned: Planned, base: BaseImage, context: Context, renderer: Renderer) -> Recipe:
        """The recipe of a variant on a base, from its committed lock."""
        lock = locks.load(self.checkout.lock(planned.name))
        parts = layers(lock, self.matrix.packages_of(planned.variant).added)
        return Recipe(
            name=planned.name,
            dockerfile=renderer.render(planned, parts),
            files=context.files(planned, lock, parts),
            lock_sha256=lock.sha256,
            base=base.fingerprint,
            python=base.python,
            platform=f"linux/{planned.variant.arch}",
            epoch=self.matrix.epoch,
        )

    def _buildx(self) -> Buildx:
        return Buildx(listener=self.listener, uv=uv_folder(self.checkout), no_cache=self.no_cache)

    def _recipes_on(self, bases: Mapping[str, BaseImage | RaydockError]) -> Callable[[Planned], Recipe | RaydockError]:
        """What tells a variant's recipe on one of these bases, or why there is none."""
        context, renderer = Context.read(self.checkout.templates), Renderer(self.checkout.templates, self.matrix)

        def of(item: Planned) -> Recipe | RaydockError:
            base = bases[self._base(item).ref]
            try:
                return base if isinstance(base, RaydockError) else self.recipe(item, base, context, renderer)
            except RaydockError as error:
                return error

        return of

    def tag(self, name: str) -> str:
        """The tag under which the engine keeps a variant's newest image."""
        return f"{self.matrix.registry}:{name}"

    def there(self, names: Iterable[str]) -> dict[str, LocalImage]:
        """The newest images of these variants that the engine has, by name."""
        return built_images(self.client, self.matrix.registry, names)

    def _base(self, planned: Planned) -> BaseRecipe:
        return recipe_for(self.matrix, planned.variant, self.checkout.templates)

    def _bases(self, planned: list[Planned], buildx: Buildx) -> dict[str, BaseImage | RaydockError]:
        """The bases of these variants by tag; made where the engine lacks them."""
        wanted = {item.ref: item for item in (self._base(plan) for plan in planned)}
        found: dict[str, BaseImage | RaydockError] = dict(existing(self.client, wanted))
        maker = BaseMaker(
            client=self.client, buildx=buildx, checkout=self.checkout, secrets=self.secrets, listener=self.listener
        )

        def make(item: BaseRecipe) -> tuple[str, BaseImage | RaydockError]:
            try:
                return item.ref, maker.make(item)
            except RaydockError as error:
                return item.ref, error

        missing = [item for ref, item in wanted.items() if ref not in found]
        return found | dict(in_parallel(make, missing, self.jobs, buildx.stop))

    def _build(self, wanted: Recipe, base: str, buildx: Buildx, secrets: Secrets) -> Built:
        started = time.monotonic()
        try:
            image = get_image(self.client, self._image(wanted, base, buildx, secrets))
        except RaydockError as error:
            return Built(name=wanted.name, fingerprint=wanted.fingerprint, error=error)
        seconds = time.monotonic() - started
        self.listener(wanted.name, f"built in {seconds:.0f} s")
        return replace(_built(wanted.name, image), built=True, seconds=seconds)

    def _image(self, wanted: Recipe, base: str, buildx: Buildx, secrets: Secrets) -> str:
        """Builds a recipe and returns the image's id. Packages that the build cache lost are made ready anew."""
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
            options = (f"--build-arg=BASE={base}", *secrets.options(folder))
            try:
                return build(options=options)
            except LostPackagesError:
                self.listener(wanted.name, "the build cache lost packages; making them ready again")
                return build(options=(*options, f"--build-arg=REFRESH={time.time_ns()}"))
        finally:
            (folder / "uv.toml").unlink(missing_ok=True)


def built_images(client: docker.DockerClient, registry: str, names: Iterable[str]) -> dict[str, LocalImage]:
    """The newest images of these variants that an engine has, by name; `registry` is what their tags begin with."""
    images = {name: find_image(client, f"{registry}:{name}") for name in names}
    return {name: image for name, image in images.items() if image and FINGERPRINT in image.labels}


def _built(name: str, image: LocalImage) -> Built:
    fingerprint = image.labels[FINGERPRINT]
    return Built(name=name, image_id=image.id, content=image.identity.content, fingerprint=fingerprint)


def _not_built(name: str) -> Built:
    todo = f"`./build.py build --select 'name={name}'`."
    return Built(name=name, error=VariantError(f"{name} is not built on this engine.", todo=todo))


def uv_folder(checkout: Checkout) -> Path:
    """A folder that holds uv's binary alone, the same file as the one in raydock's environment."""
    source, folder = Path(uv.find_uv_bin()), checkout.work / "tools"
    target = folder / "uv"
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, folder / ".uv")
        (folder / ".uv").replace(target)
    return folder
