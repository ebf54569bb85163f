"""Dockerfiles from templates: images/<variant>/Dockerfile."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from raydock.builder.layers import Layer
from raydock.compat import toolchain
from raydock.compat.gpucode import architectures
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.core.files import write_whole
from raydock.model import labels
from raydock.model.matrix import Matrix
from raydock.model.packages import Packages
from raydock.model.variant import NONE, Variant
from raydock.plan.planner import Planned

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class Renderer:
    """Renders the Dockerfiles of one matrix from the templates of one folder."""

    templates: Path
    matrix: Matrix

    @cached_property
    def _template(self) -> "jinja2.Template":
        from raydock.core.templating import environment

        return environment(self.templates).get_template("Dockerfile.j2")

    def render(self, planned: Planned, layers: tuple[Layer, ...]) -> str:
        """The Dockerfile of a variant whose lock has these layers. Raises ConfigurationError for a template that is
        wrong or missing."""
        import jinja2

        try:
            return self._render(planned, layers)
        except jinja2.TemplateError as error:
            where = f"/{error.name}:{error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
            raise ConfigurationError(
                f"{self.templates}{where}: {type(error).__name__}: {error}.",
                todo="fix that template, or restore it from git.",
            ) from None

    def _render(self, planned: Planned, layers: tuple[Layer, ...]) -> str:
        variant, packages = planned.variant, self.matrix.packages_of(planned.variant)
        compiler = toolchain.compiler_of(variant)
        return self._template.render(
            variant=variant,
            layers=layers,
            os_packages=packages.os_packages,
            python=f"python{variant.python}",
            cuda_major=variant.cuda.split(".")[0],
            compiler=compiler,
            labels=labels.of_dockerfile(
                planned.labels,
                variant,
                description=describe(variant, packages),
                created=datetime.fromtimestamp(self.matrix.epoch, UTC).isoformat(),
                nvcc=compiler,
            ),
            kernels=architectures(planned.sm) if toolchain.has_prebuilt_kernels(variant) else (),
        )


def describe(variant: Variant, packages: Packages) -> str:
    """A variant in words, for an image's label; of its packages, what a group says."""
    parts = [f"Ray {variant.ray}"]
    parts += [f"vLLM {variant.vllm}"] if variant.vllm != NONE else []
    parts += [f"PyTorch {variant.torch}"] if variant.torch != NONE else []
    words = f"{', '.join(parts)} on Python {variant.python}, " + (f"CUDA {variant.cuda}" if variant.gpu else "CPU")
    return (
        f"{words}, with {', '.join((packages.ray, *packages.added, *packages.os_packages))}"
        if variant.flavor
        else words
    )


def check(checkout: Checkout, rendered: dict[str, str]) -> list[str]:
    """A line for each Dockerfile under images/ that is missing, differs or belongs to none of `rendered`."""
    troubles = []
    for name, text in rendered.items():
        path = checkout.dockerfile(name)
        if not path.exists():
            troubles.append(f"images/{name}/Dockerfile is missing")
        elif path.read_text(encoding="utf-8") != text:
            troubles.append(f"images/{name}/Dockerfile differs from what templates/ and matrix.yaml render")
    return troubles


def orphans(checkout: Checkout, known: set[str]) -> list[Path]:
    """Folders under images/ that belong to no variant any more."""
    return sorted(path for path in checkout.images.glob("*") if path.is_dir() and path.name not in known)


def remove(folders: list[Path]) -> None:
    """Removes rendered folders that belong to no variant any more."""
    for folder in folders:
        shutil.rmtree(folder)


def write(checkout: Checkout, rendered: dict[str, str]) -> list[str]:
    """Writes the Dockerfiles that differ from what is there, each whole; returns their variants' names."""
    changed = []
    for name, text in rendered.items():
        path = checkout.dockerfile(name)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)
            changed.append(name)
    return changed
