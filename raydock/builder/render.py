"""Renders the Dockerfiles images/VARIANT/Dockerfile from templates."""

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
from raydock.core.templating import Templates
from raydock.model import labels
from raydock.model.matrix import Matrix
from raydock.model.packages import Packages
from raydock.model.variant import NONE, Variant
from raydock.plan.planner import Planned

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True)
class Renderer:
    """Renders the Dockerfiles of one matrix.

    Attributes:
        templates: the templates.
        matrix: the matrix.
    """

    templates: Templates
    matrix: Matrix

    @cached_property
    def _template(self) -> "jinja2.Template":
        return self.templates.environment().get_template("Dockerfile.j2")

    def render(self, planned: Planned, layers: tuple[Layer, ...]) -> str:
        """The Dockerfile of a variant whose lock has these layers.

        Raises ConfigurationError if a template is invalid or missing.
        """
        import jinja2

        try:
            return self._render(planned, layers)
        except jinja2.TemplateSyntaxError as error:
            raise _invalid(f"{error.filename}:{error.lineno}", error) from None
        except jinja2.TemplateError as error:
            raise _invalid("templates/", error) from None

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


def _invalid(place: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"{place}: {type(error).__name__}: {error}.", todo="fix that template, or restore it from git."
    )


def describe(variant: Variant, packages: Packages) -> str:
    """The description of a variant for an image's label.

    It has the packages that a group adds.
    """
    parts = [f"Ray {variant.ray}"]
    parts += [f"vLLM {variant.vllm}"] if variant.vllm != NONE else []
    parts += [f"PyTorch {variant.torch}"] if variant.torch != NONE else []
    text = f"{', '.join(parts)} on Python {variant.python}, " + (f"CUDA {variant.cuda}" if variant.gpu else "CPU")
    if not variant.flavor:
        return text
    return f"{text}, with {', '.join((packages.ray, *packages.added, *packages.os_packages))}"


def outdated(checkout: Checkout, rendered: dict[str, str]) -> dict[str, str]:
    """The Dockerfiles that are missing or differ from `rendered`: by variant, a line about each."""
    problems = {}
    for name, text in rendered.items():
        path = checkout.dockerfile(name)
        if not path.exists():
            problems[name] = f"images/{name}/Dockerfile is missing"
        elif path.read_text(encoding="utf-8") != text:
            problems[name] = f"images/{name}/Dockerfile differs from what templates/ and matrix.yaml render"
    return problems


def orphans(checkout: Checkout, known: set[str]) -> list[Path]:
    """The folders under images/ that do not belong to a variant in `known`."""
    return sorted(path for path in checkout.images.glob("*") if path.is_dir() and path.name not in known)


def remove(folders: list[Path]) -> None:
    """Removes folders with rendered Dockerfiles."""
    for folder in folders:
        shutil.rmtree(folder)


def write(checkout: Checkout, rendered: dict[str, str]) -> list[str]:
    """Writes the Dockerfiles that are missing or differ, each atomically.

    Returns the names of their variants.
    """
    changed = list(outdated(checkout, rendered))
    for name in changed:
        write_whole(checkout.dockerfile(name), rendered[name])
    return changed
