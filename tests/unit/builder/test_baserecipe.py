from dataclasses import replace
from pathlib import Path

from raydock.builder.baserecipe import BaseRecipe, recipe_for
from raydock.core.checkout import Checkout
from raydock.model.bases import Base
from raydock.model.matrix import Matrix
from raydock.model.variant import parse_name

CHECKOUT = Checkout(Path(__file__).parents[3])
BOOTSTRAPPED = Base(name="debian", source="bootstrap", python="3.11", glibc="2.36", suite="bookworm")
PULLED = Base(
    name="nvidia", source="pull", python="3.12", glibc="2.39", image=f"registry.example/cuda@sha256:{'0' * 64}"
)


def test_only_cuda_variants_get_a_compiler_and_rdma(matrix: Matrix) -> None:
    cpu = recipe_for(matrix, parse_name("ray2.60.0-py311-cpu"), CHECKOUT)
    cuda = recipe_for(matrix, parse_name("ray2.60.0-torch2.13.0-py311-cu130"), CHECKOUT)
    assert "gcc" not in cpu.packages
    assert "libibverbs1" not in cpu.packages
    assert {"gcc", "libc6-dev", "python3-dev"} <= set(cuda.packages)
    assert {"libibverbs1", "ibverbs-providers", "librdmacm1", "libnuma1"} <= set(cuda.packages)
    assert cpu.ref != cuda.ref


def test_variants_of_one_python_share_a_base(matrix: Matrix) -> None:
    train = recipe_for(matrix, parse_name("ray2.49.1-torch2.13.0-py311-cu130"), CHECKOUT)
    serve = recipe_for(matrix, parse_name("ray2.60.0-vllm0.32.0-torch2.13.0-py311-cu130"), CHECKOUT)
    assert train == serve


def test_kuberays_tools_are_in_every_base() -> None:
    for base in (BOOTSTRAPPED, PULLED):
        packages = BaseRecipe(base=base, compiler=False, epoch=0, template="").packages
        assert {"bash", "hostname", "openssl", "procps", "wget", "ca-certificates"} <= set(packages)


def test_a_pulled_base_gets_its_own_pythons_packages() -> None:
    recipe = BaseRecipe(base=PULLED, compiler=True, epoch=0, template="")
    assert {"python3.12", "python3.12-venv", "python3.12-dev"} <= set(recipe.packages)


def test_a_managed_python_needs_no_python_of_debian() -> None:
    recipe = BaseRecipe(base=replace(PULLED, managed=True), compiler=True, epoch=0, template="")
    assert not [package for package in recipe.packages if package.startswith("python")]


def test_the_tag_changes_with_each_input() -> None:
    recipe = BaseRecipe(base=BOOTSTRAPPED, compiler=False, epoch=1, template="")
    others = [
        replace(recipe, compiler=True),
        replace(recipe, epoch=2),
        replace(recipe, template="FROM scratch"),
        replace(recipe, base=replace(BOOTSTRAPPED, suite="trixie")),
        replace(recipe, base=PULLED),
    ]
    assert len({each.ref for each in (recipe, *others)}) == 6
    assert recipe.ref.startswith("raydock-base:debian-py311-")
