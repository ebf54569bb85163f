"""Three ways from one lock to an image: raydock's own recipe, uv's Dockerfile, and one `RUN pip install`."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import docker

from benchmarks.engine import REPOSITORY
from raydock.builder.basemaker import BaseImage, existing
from raydock.builder.baserecipe import recipe_for
from raydock.builder.buildx import Buildx
from raydock.builder.recipe import Recipe
from raydock.builder.schedule import Builder, uv_folder
from raydock.builder.secrets import Secrets, gather
from raydock.core.checkout import Checkout
from raydock.core.events import silent
from raydock.pipeline.project import Project
from raydock.plan import select
from raydock.plan.planner import Planned

UV_CACHE = "id=raydock-uv,"


# As the guides of uv, pip and Docker recommend: a cache mount, bytecode compiled at build time (pip's default), and
# files that uv copies from its cache. Each tool ignores the settings of the other one.
# Source: uv's guide "Using uv in Docker", astral-sh/uv 0.13.
_DOCKERFILE = """\
ARG BASE
FROM ${BASE}
ARG PIP_INDEX_URL
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy PATH=/opt/venv/bin:$PATH
RUN --mount=type=bind,source=lock.txt,target=/tmp/lock.txt \\
    --mount=type=bind,from=uv,source=uv,target=/bin/uv \\
    --mount=type=cache,id=%(cache)s,target=/root/.cache \\
    --mount=type=secret,id=ca,target=/run/secrets/ca \\
    --mount=type=secret,id=uv,target=/run/secrets/uv \\
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca SSL_CERT_FILE=/run/secrets/ca; fi; \\
    if [ -s /run/secrets/uv ]; then export UV_CONFIG_FILE=/run/secrets/uv; fi; \\
    : %(time)s; %(command)s
"""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A tool that installs a lock in one step of a Dockerfile.

    Attributes:
        name: its name in progress lines and in ids.
        way: its name in figures.
        install: the command that installs the packages.
        fill: the command that only fills the cache.
    """

    name: str
    way: str
    install: str
    fill: str


PIP = Peer(
    name="pip",
    way="one `RUN pip install`",
    install="pip install --no-input --require-hashes -r /tmp/lock.txt",
    fill="pip download --no-input --require-hashes -r /tmp/lock.txt -d /tmp/wheels && rm -r /tmp/wheels",
)
UV = Peer(
    name="uv",
    way="uv's Dockerfile",
    install="uv pip install --python /opt/venv/bin/python --require-hashes -r /tmp/lock.txt",
    fill=(
        "uv venv -q -p /opt/venv/bin/python /tmp/fill && uv pip install -p /tmp/fill/bin/python"
        " --require-hashes -r /tmp/lock.txt && rm -r /tmp/fill"
    ),
)
# raydock's bases do not have pip; the base images of the usual way do.
_BASE = """\
ARG BASE
FROM ${BASE}
RUN --mount=type=bind,from=uv,target=/mnt \\
    --mount=type=secret,id=ca,target=/run/secrets/ca \\
    --mount=type=secret,id=uv,target=/run/secrets/uv \\
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \\
    if [ -s /run/secrets/uv ]; then export UV_CONFIG_FILE=/run/secrets/uv; fi; \\
    %(python)s -m venv --without-pip /opt/venv && \\
    /mnt/uv pip install -q --no-cache --python /opt/venv/bin/python pip==%(pip)s
"""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A variant of a checkout that all ways build.

    Attributes:
        client: the engine's client.
        project: the checkout.
        planned: the variant.
        folder: the bench's folder for build contexts and logs.
    """

    client: docker.DockerClient
    project: Project
    planned: Planned
    folder: Path

    @classmethod
    def find(cls, client: docker.DockerClient, project: Project, name: str, folder: Path) -> "Subject":
        """Return the variant with a name."""
        planned = select.select(project.plan, names=[name])[0]
        return cls(client=client, project=project, planned=planned, folder=folder)

    @cached_property
    def secrets(self) -> Secrets:
        return gather()

    @cached_property
    def builder(self) -> Builder:
        return Builder(
            client=self.client,
            checkout=self.project.checkout,
            matrix=self.project.matrix,
            secrets=self.secrets,
            listener=silent,
            jobs=1,
        )

    @cached_property
    def base(self) -> BaseImage:
        """The base image of all ways, built if the engine does not have it."""
        recipe = recipe_for(self.project.matrix, self.planned.variant, self.checkout)
        return existing(self.client, [recipe.ref]).get(recipe.ref) or self.builder.bases.make(recipe)

    @property
    def checkout(self) -> Checkout:
        return self.project.checkout

    @cached_property
    def recipe(self) -> Recipe:
        """raydock's recipe."""
        return self.builder.recipe(self.planned, self.base)

    @property
    def buildx(self) -> Buildx:
        return Buildx(listener=silent, endpoint=self.client.endpoint, uv=uv_folder(self.checkout))

    def image(self) -> str:
        """Return the tag of the variant's image, built if necessary. Raises the error of a failed build."""
        built = self.builder.build([self.planned])[0]
        if built.error:
            raise built.error
        return self.builder.tag(self.planned.name)


def ours(subject: Subject, tag: str, *, cache: str, epoch: int) -> float:
    """Build raydock's recipe as the image `tag` and return the seconds.

    `cache` is the id of the cache mount for packages; a new id is an empty mount. `epoch` is used as SOURCE_DATE_EPOCH:
    a new value gives different bytes, so that the engine does not have any of the layers already.
    """
    recipe = subject.recipe
    assert UV_CACHE in recipe.dockerfile
    recipe = replace(recipe, epoch=epoch, dockerfile=recipe.dockerfile.replace(UV_CACHE, f"id={cache},"))
    folder = _fresh(subject.folder / "ours")
    began = time.monotonic()
    recipe.write(folder)
    _build(subject, folder, tag, epoch=epoch, base=subject.base.ref, labels=recipe.labels, refresh=cache)
    return time.monotonic() - began


def usual(subject: Subject, peer: Peer, tag: str, *, cache: str) -> float:
    """Build a peer's Dockerfile from the same lock on the same base as the image `tag`; return the seconds.

    `cache` is the id of the mount for its cache. No step of an earlier build is reused.
    """
    base = usual_base(subject)
    began = time.monotonic()
    folder = _usual_folder(subject, peer, cache, peer.install)
    _build(subject, folder, tag, epoch=subject.recipe.epoch, base=base)
    return time.monotonic() - began


def usual_fill(subject: Subject, peer: Peer, *, cache: str) -> None:
    """Fill a peer's cache with the packages of the lock, as an earlier build does."""
    base, folder = usual_base(subject), _usual_folder(subject, peer, cache, peer.fill)
    _build(subject, folder, f"{REPOSITORY}:fill", epoch=subject.recipe.epoch, base=base)


def usual_base(subject: Subject) -> str:
    """Build the variant's base plus an environment with pip, which raydock's bases do not have; return its tag."""
    pip = json.loads(subject.recipe.files["image.json"])["packages"]["pip"]
    tag = f"{REPOSITORY}:base-{subject.base.ref.rpartition(':')[2]}"
    folder = _fresh(subject.folder / "base")
    text = _BASE % {"python": f"python{subject.planned.variant.python}", "pip": pip}
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    _build(subject, folder, tag, epoch=subject.recipe.epoch, base=subject.base.ref)
    return tag


def _usual_folder(subject: Subject, peer: Peer, cache: str, command: str) -> Path:
    folder = _fresh(subject.folder / peer.name)
    text = _DOCKERFILE % {"cache": cache, "time": time.time_ns(), "command": command}
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    shutil.copy(subject.checkout.lock(subject.planned.name), folder / "lock.txt")
    return folder


def _build(
    subject: Subject,
    folder: Path,
    tag: str,
    *,
    epoch: int,
    base: str,
    labels: dict[str, str] | None = None,
    refresh: str = "",
) -> None:
    default = subject.secrets.default
    index = default.full if default else ""
    options: Sequence[str] = (
        f"--build-arg=BASE={base}",
        *([f"--build-arg=PIP_INDEX_URL={index}"] if index else ()),
        *([f"--build-arg=REFRESH={refresh}"] if refresh else ()),
        *subject.secrets.options(folder),
    )
    subject.buildx.build(
        subject.planned.name,
        folder,
        tags=(tag,),
        labels=labels or {},
        epoch=epoch,
        platform=f"linux/{subject.planned.variant.arch}",
        options=options,
        log=subject.folder / "build.log",
    )


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
