"""Makes base images, and finds them by tag.

They are bootstrapped from Debian packages, or pulled by digest and extended.
"""

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from raydock.builder import nss
from raydock.builder.baserecipe import REPOSITORY, TEMPLATE, BaseRecipe
from raydock.builder.bootstrap import bootstrap
from raydock.builder.buildx import BuildError, Buildx, DownloadError
from raydock.builder.debs.containerapt import ContainerApt
from raydock.builder.debs.hostapt import HostApt
from raydock.builder.debs.store import Apt, DebStore
from raydock.builder.pulled import load_plain, pull
from raydock.builder.secrets import Secrets
from raydock.core.archive import folders_of, tar
from raydock.core.checkout import Checkout
from raydock.core.errors import VariantError
from raydock.core.events import Listener, Span, timed
from raydock.engine.architecture import BUILT, require_native
from raydock.engine.client import reaching
from raydock.engine.localimage import find_image, get_image
from raydock.model import labels
from raydock.model.bases import Base
from raydock.model.debs import DebLock
from raydock.model.image import ContainerImage

# Prints the versions of Python and glibc.
_VERSIONS = (
    "import json, os, platform, sys; "
    "print(json.dumps({'python': platform.python_version(), 'glibc': os.confstr('CS_GNU_LIBC_VERSION').split()[1]}))"
)


@dataclass(frozen=True, kw_only=True)
class BaseImage:
    """A base image on the engine.

    Attributes:
        ref: its tag.
        image: the image with that tag.
    """

    ref: str
    image: ContainerImage

    @property
    def python(self) -> str:
        """The version of its Python, with patch."""
        return self.image.labels.python or ""

    @property
    def fingerprint(self) -> str:
        """The hexadecimal sha256 over recipe and layers.

        It is the same in every image store.
        """
        recipe = self.image.labels.base_recipe or ""
        return hashlib.sha256("\n".join((recipe, *self.image.layers)).encode()).hexdigest()


def existing(client: docker.DockerClient, refs: Iterable[str]) -> dict[str, BaseImage]:
    """The bases with these tags that the engine has, by tag."""
    images = {ref: find_image(client, ref) for ref in refs}
    return {ref: BaseImage(ref=ref, image=image) for ref, image in images.items() if image and image.labels.base_recipe}


def tags(client: docker.DockerClient) -> tuple[str, ...]:
    """The tags of all bases on the engine.

    They include those of other matrix.yaml files, and the remains of killed runs.
    """
    with reaching("listing the bases"):
        return tuple(tag for image in client.images.list(REPOSITORY) for tag in image.tags)


@dataclass(frozen=True, kw_only=True)
class BaseMaker:
    """Makes bases with one engine.

    Attributes:
        client: the client of the engine.
        buildx: runs the builds.
        checkout: the paths of the checkout.
        secrets: the certificates, credentials and indexes of builds.
        listener: gets the progress.
        deb_repository: the registry and path with stored Debian packages; empty if there is none.
    """

    client: docker.DockerClient
    buildx: Buildx
    checkout: Checkout
    secrets: Secrets
    listener: Listener
    deb_repository: str = ""

    def make(self, recipe: BaseRecipe) -> BaseImage:
        """Makes a base, also if it exists already.

        Raises VariantError if it cannot be made or the engine has a different architecture, OutOfReachError if a tool
        or a source is missing.
        """
        with reaching("reading the engine's platform"):
            require_native(self.client, f"the base {recipe.name}", BUILT)
        with self._folder() as folder, self._start(recipe, folder) as (start, library_path):
            files = {"etc/hosts": b"", "etc/resolv.conf": b"", nss.PATH: nss.module()}
            (folder / "files.tar").write_bytes(tar(files, folders=folders_of(files), epoch=recipe.epoch))
            dockerfile = (
                self.checkout.templates.environment()
                .get_template(TEMPLATE)
                .render(
                    base=recipe.base,
                    packages=start and recipe.debs.debs,  # a bootstrapped base already has them
                    start=start,
                    library_path=library_path,
                    nss=nss.NAME,
                )
            )
            (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
            self.listener(recipe.name, "building the base image")
            draft_ref = f"{recipe.ref}-draft-{folder.name}"  # unique: two checkouts can make the same base in parallel
            draft = self._build(recipe, folder, draft_ref, {})
            try:
                python = self._read_python(recipe, draft)
                image = self._build(recipe, folder, recipe.ref, labels.of_base(recipe=recipe.digest, python=python))
            finally:
                self._remove(draft_ref)
        return BaseImage(ref=recipe.ref, image=get_image(self.client, image))

    @contextmanager
    def apt(self, recipe: BaseRecipe, group: bool) -> Iterator[ContainerApt]:
        """The apt of a pulled base, for the time of the block.

        It runs in the image itself or, for the packages of a group, in the base made from it.
        """
        if group:
            base = existing(self.client, [recipe.ref]).get(recipe.ref) or self.make(recipe)
            yield self._container_apt(base.ref, recipe.base)
            return
        with self._folder() as folder, self._pulled(recipe, folder) as (ref, _):
            yield self._container_apt(ref, recipe.base)

    def fetch(self, lock: DebLock, recipe: BaseRecipe, ref: str) -> DebStore:
        """The store with all files of a lock; missing files are fetched.

        ref: the local image of a pulled base whose apt fetches files; not used for a bootstrapped base.
        """
        from raydock.builder.debs import registry

        apt: Apt
        if recipe.base.source == "pull":
            apt = self._container_apt(ref, recipe.base)
        else:
            work, processes = self.checkout.work, self.buildx.processes
            apt = HostApt(base=recipe.base, bundle=self.secrets.bundle, work=work, processes=processes)
        store = DebStore(folder=self.checkout.debs, backup=registry.reader(self.deb_repository, self.listener))
        began = time.time()
        store.complete(lock, apt)
        self.listener(recipe.name, "fetching Debian packages", ran=Span.since(began))
        return store

    def _container_apt(self, ref: str, base: Base) -> ContainerApt:
        return ContainerApt(client=self.client, ref=ref, image=base.image, secrets=self.secrets)

    @contextmanager
    def _start(self, recipe: BaseRecipe, folder: Path) -> Iterator[tuple[str, str]]:
        """The image on which the base's Dockerfile builds, and its LD_LIBRARY_PATH; both empty for rootfs.tar.

        A temporary image is removed after the block.
        """
        if recipe.base.source == "pull":
            with self._pulled(recipe, folder) as (ref, library_path):
                self.fetch(recipe.debs, recipe, ref).place(recipe.debs, folder / "debs")
                shutil.copy2(self.checkout.templates.path("installer/place-debs"), folder)
                yield ref, library_path
            return
        store = self.fetch(recipe.debs, recipe, "")
        step = f"bootstrapping Debian {recipe.base.suite} from {len(recipe.debs.debs)} packages"
        # The archive is outside the build context.
        with timed(self.listener, recipe.name, step), tempfile.TemporaryDirectory(dir=folder.parent) as archive:
            store.place(recipe.debs, Path(archive, "debs"))
            bootstrap(
                recipe.base,
                Path(archive, "debs"),
                recipe.debs,
                recipe.packages,
                epoch=recipe.epoch,
                target=folder / "rootfs.tar",
                log=self.checkout.log(f"bootstrap-{recipe.name}"),
                processes=self.buildx.processes,
            )
        yield "", ""

    @contextmanager
    def _pulled(self, recipe: BaseRecipe, folder: Path) -> Iterator[tuple[str, str]]:
        """A temporary local image with the layers of a pulled base, without its settings.

        Yields its tag, and the LD_LIBRARY_PATH of the pulled image.
        """
        with timed(self.listener, recipe.name, f"pulling {recipe.base.image}"):
            pulled = pull(self.client, recipe.base.image)
        if pulled.reset:
            self.listener(recipe.name, f"reset settings of {pulled.image}: {', '.join(pulled.reset)}")
        ref = f"{recipe.ref}-plain-{folder.name}"
        load_plain(self.client, pulled, ref)
        try:
            yield ref, pulled.library_path
        finally:
            self._remove(ref)

    def _remove(self, ref: str) -> None:
        with reaching(f"removing {ref}"):
            self.client.images.remove(ref, noprune=True)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        work = self.checkout.work / "bases"
        work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=work) as folder:
            yield Path(folder)

    def _build(self, recipe: BaseRecipe, folder: Path, tag: str, image_labels: dict[str, str]) -> str:
        # BuildKit has used cached steps of a different digest (moby 26.1.5, 2026-11-25).
        no_cache = ("--no-cache",) if recipe.base.source == "pull" else ()
        try:
            return self.buildx.build(
                recipe.name,
                folder,
                tags=(tag,),
                labels=image_labels,
                epoch=recipe.epoch,
                platform=BUILT,
                options=(*self.secrets.options(folder), *no_cache),
                log=self.checkout.log(f"base-{recipe.name}"),
            )
        except (BuildError, DownloadError) as error:
            if recipe.base.source != "pull":  # its Python is one of the installed packages
                raise
            python = f"Python {recipe.base.python}"
            hint = (
                f"a base needs {python}: with `managed`, uv downloads it (UV_PYTHON_INSTALL_MIRROR names its http"
                " mirror, UV_PYTHON_DOWNLOADS_JSON_URL a list of its files), "
            )
            raise type(error)(error.what, meaning=error.meaning, todo=hint + "or name a base that has it.") from None

    def _read_python(self, recipe: BaseRecipe, ref: str) -> str:
        """The base's Python with patch.

        Raises VariantError if Python or glibc differ from matrix.yaml.
        """
        python = f"python{recipe.base.python}"
        with reaching(f"examining the base {recipe.name}"):
            try:
                output = self.client.containers.run(
                    ref, entrypoint=[python, "-c", _VERSIONS], network_mode="none", remove=True
                )
            except (docker.errors.ContainerError, docker.errors.APIError) as error:
                raise VariantError(
                    f"{python} does not start in the base {recipe.name}: {error}.",
                    todo="write `managed` for that Python in matrix.yaml, or name a base that has it.",
                ) from None
        versions = parse_versions(output)
        if not versions:
            raise VariantError(
                f"{python} of the base {recipe.name} does not print its version: {output[-200:]!r}.",
                todo="write `managed` for that Python in matrix.yaml, or name a base whose Python runs programs.",
            )
        if versions["glibc"] != recipe.base.glibc:
            raise VariantError(
                f"the base {recipe.name} has glibc {versions['glibc']}, not {recipe.base.glibc}.",
                meaning="The locked wheels are for a different glibc.",
                todo="write the glibc of the base in matrix.yaml, then lock again.",
            )
        return versions["python"]


def parse_versions(output: bytes) -> dict[str, str] | None:
    """The versions of `python` and `glibc` in the output of _VERSIONS.

    The output can contain other text. Returns None if they are missing.
    """
    text = output.decode("utf-8", "replace")
    try:
        document, _ = json.JSONDecoder().raw_decode(text, max(text.rfind('{"python"'), 0))
        return {name: str(document[name]) for name in ("python", "glibc")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
