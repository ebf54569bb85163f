"""The recipe of a base image, with its digest and its tag."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property

from packaging.version import Version

from raydock.builder import nss
from raydock.builder.bootstrap import HOOKS, UNPACKED
from raydock.builder.debs.request import DebRequest
from raydock.builder.pulled import RESET
from raydock.builder.rootfs import LEFT_OUT
from raydock.core.checkout import Checkout
from raydock.core.errors import VariantError
from raydock.core.models import plain
from raydock.model import debs, labels
from raydock.model.bases import Base
from raydock.model.debs import DebLock
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant

REPOSITORY = "raydock-base"
TEMPLATE = "Base.Dockerfile.j2"
TOOLS = ("bash", "ca-certificates", "hostname", "openssl", "procps", "wget")
# Triton compiles C at run time; FlashInfer and nvcc compile C++.
COMPILER = ("gcc", "g++", "libc6-dev")
# NCCL loads libibverbs.so.1 for InfiniBand and RoCE, and falls back to TCP without a message if it is missing.
RDMA = ("libibverbs1", "ibverbs-providers", "librdmacm1", "libnuma1")
_WITHOUT_DISTUTILS = Version("3.12")


@dataclass(frozen=True, kw_only=True)
class BaseRecipe:
    """The inputs that decide the content of a base.

    Attributes:
        base: the base in matrix.yaml.
        compiler: whether it has a compiler.
        epoch: SOURCE_DATE_EPOCH in seconds.
        template: the text of its Dockerfile's template.
        debs: the locked Debian packages that are installed.
    """

    base: Base
    compiler: bool
    epoch: int
    template: str
    debs: DebLock = field(default_factory=DebLock)

    @property
    def name(self) -> str:
        """Its name, such as `debian-py311` or `debian-py311-compiler`."""
        suffix = "-compiler" if self.compiler else ""
        return f"{self.base.name}-py{self.base.python.replace('.', '')}{suffix}"

    @property
    def packages(self) -> tuple[str, ...]:
        """The Debian packages that it needs."""
        own_python = not self.base.managed
        python = "python3" if self.base.source == "bootstrap" else f"python{self.base.python}"
        # A bootstrapped python3 has venv without ensurepip, which the images do not need: pip is in their locks. Old
        # source distributions, such as that in KubeRay's RayJob sample, need distutils, which -venv packages require.
        bootstrapped = self.base.source == "bootstrap"
        distutils = ("python3-distutils",) if Version(self.base.python) < _WITHOUT_DISTUTILS else ()
        pythons = (python, *(distutils if bootstrapped else (f"{python}-venv",))) if own_python else ()
        compiler = (*COMPILER, *((f"{python}-dev",) if own_python else ())) if self.compiler else ()
        return (*TOOLS, *pythons, *compiler, *(RDMA if self.compiler else ()))

    @property
    def request(self) -> DebRequest:
        """The request to apt's solver for the lock of its packages."""
        return DebRequest(name=self.name, base=self.base, packages=self.packages)

    @cached_property
    def digest(self) -> str:
        """The hexadecimal sha256 over all inputs."""
        steps = (UNPACKED, HOOKS, LEFT_OUT) if self.base.source == "bootstrap" else (RESET, labels.PATTERNS)
        base = {name: value for name, value in plain(self.base).items() if name != "place"}
        parts = {
            "base": base,
            "compiler": self.compiler,
            "epoch": self.epoch,
            "template": self.template,
            "packages": self.packages,
            "debs": self.debs.sha256,
            "steps": steps,
            "nss": nss.module().hex(),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def ref(self) -> str:
        """Its tag on the engine."""
        return f"{REPOSITORY}:{self.name}-{self.digest[:12]}"


def recipe_for(matrix: Matrix, variant: Variant, checkout: Checkout) -> BaseRecipe:
    """The recipe of a variant's base, with its locked packages.

    A variant with CUDA gets a compiler, for Triton.
    Raises VariantError if no base has the variant's Python, ConfigurationError if the packages are not locked.
    """
    recipe = base_recipe(matrix, variant, checkout)
    return replace(recipe, debs=debs.load(checkout.deb_lock(recipe.name), recipe.request.digest))


def base_recipe(matrix: Matrix, variant: Variant, checkout: Checkout) -> BaseRecipe:
    """The recipe of a variant's base without locked packages.

    The lock is made from it.
    Raises VariantError if no base has the variant's Python.
    """
    base = matrix.base(variant.python)
    if not base:
        raise VariantError(f"{variant}: no base in matrix.yaml has Python {variant.python}.", todo="add it to `bases`.")
    template = checkout.templates.path(TEMPLATE).read_text(encoding="utf-8")
    return BaseRecipe(base=base, compiler=variant.gpu, epoch=matrix.epoch, template=template)


def group_request(matrix: Matrix, variant: Variant, recipe: BaseRecipe) -> DebRequest | None:
    """The request to apt's solver for the OS packages that a variant's group adds.

    Returns None if it adds none.
    """
    packages = matrix.packages_of(variant)
    if not packages.os_packages:
        return None
    return DebRequest(
        name=f"{recipe.name}+{variant.flavor}",
        base=recipe.base,
        packages=packages.os_packages,
        places=packages.os_places,
        below=recipe.debs,
    )


def group_debs(matrix: Matrix, variant: Variant, checkout: Checkout) -> DebLock | None:
    """The locked OS packages that a variant's group adds to the base.

    Returns None if it adds none.
    Raises ConfigurationError if they are not locked.
    """
    if not matrix.packages_of(variant).os_packages:
        return None
    request = group_request(matrix, variant, recipe_for(matrix, variant, checkout))
    assert request
    return debs.load(checkout.deb_lock(request.name), request.digest)
