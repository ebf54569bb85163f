"""The CUDA compiler of images: the variants that have one, and its packages (data/toolchain.yaml)."""

from collections.abc import Iterator, Mapping
from functools import cache

import msgspec
from packaging.requirements import Requirement
from packaging.version import Version

from raydock.compat.when import When, matches
from raydock.core.models import Dated
from raydock.core.yamlfile import shipped
from raydock.model.variant import NONE, Variant


class Toolchain(Dated, frozen=True, kw_only=True):
    """The CUDA compiler of the variants that match `when`.

    Attributes:
        when: the variants that have the compiler.
        templates: PEP 508 lines with {cuda} and {next} for the variant's CUDA and the minor version after it.
        same_minor: the packages whose minor version must be the runtime's.
        runtime: the package of the CUDA runtime.
        prebuilt: the variants whose FlashInfer modules are built when the image is built.
    """

    when: When
    templates: tuple[str, ...] = msgspec.field(name="requirements")
    same_minor: tuple[str, ...]
    runtime: str
    prebuilt: When

    @property
    def packages(self) -> tuple[str, ...]:
        """The names of the packages that variants with the compiler require."""
        return tuple(Requirement(line.format(cuda="13.0", next="13.1")).name for line in self.templates)

    def requirements(self, variant: Variant) -> tuple[str, ...]:
        """PEP 508 lines for a variant's lock; none if the variant has no CUDA compiler."""
        if not matches(self.when, variant):
            return ()
        major, minor = Version(variant.cuda).release
        return tuple(line.format(cuda=variant.cuda, next=f"{major}.{minor + 1}") for line in self.templates)

    def mismatches(self, versions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The packages whose minor version is not the CUDA runtime's.

        Each comes with the pin that fixes it, such as `nvidia-cuda-nvcc==13.0.*`.

        versions: the version of each package by canonical name.
        """
        if self.runtime not in versions:
            return
        minor = _minor(versions[self.runtime])
        for name in self.same_minor:
            if name in versions and _minor(versions[name]) != minor:
                yield name, f"{name}=={minor}.*"


def known() -> Toolchain:
    """The content of data/toolchain.yaml."""
    return shipped("compat/data/toolchain.yaml", Toolchain)


@cache
def package_names() -> tuple[str, ...]:
    """The names of the packages that variants with the compiler require."""
    return known().packages


@cache
def compiler_of(variant: Variant) -> str:
    """The CUDA of a variant's compiler, such as 13.0; empty if its image has none."""
    return variant.cuda if matches(known().when, variant) else ""


def compiler_text(variant: Variant) -> str:
    """A variant's CUDA compiler for a table: its CUDA, `none`, or `-` for the CPU."""
    return (compiler_of(variant) or "none") if variant.gpu else "-"


def missing_compiler(variant: Variant) -> str:
    """A warning if a variant has vllm but no CUDA compiler; empty otherwise."""
    if variant.vllm == NONE or not variant.gpu or compiler_of(variant):
        return ""
    return (
        f"it has no nvcc, because CUDA {variant.cuda} has no package of it: vLLM's FlashInfer sampler is switched off"
        " (VLLM_USE_FLASHINFER_SAMPLER=0), and code that compiles CUDA kernels at run time fails"
    )


def has_prebuilt_kernels(variant: Variant) -> bool:
    """Whether a variant's image has the FlashInfer modules that its vllm uses by default."""
    return bool(compiler_of(variant)) and matches(known().prebuilt, variant)


def _minor(version: str) -> str:
    return ".".join(map(str, Version(version).release[:2]))
