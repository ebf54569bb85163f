"""The inputs that the comparison with a commit reads, checked against the code that builds images."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from raydock.builder.recipe import Context
from raydock.ci.inputs import WorkingTree, definitions, shared
from raydock.ci.inputs import counted as counted_files
from raydock.core.checkout import Checkout

ROOT = Path(__file__).parents[3]
FILES = counted_files()
COUNTED = FILES.code | {path: names for code in FILES.base_code.values() for path, names in code.items()}
PYTHON = {path: names for path, names in COUNTED.items() if path.endswith(".py")}

# Definitions that the counted code uses and that need not be counted, and why.
NOT_COUNTED = {
    # The places of files, reading of YAML, and errors.
    "raydock.core.checkout.Checkout",
    "raydock.core.errors.ConfigurationError",
    "raydock.core.errors.VariantError",
    "raydock.core.errors.nearest",
    "raydock.core.models.Dated",
    "raydock.core.models.Entry",
    "raydock.core.models.Flag",
    "raydock.core.models.InvalidEntryError",
    "raydock.core.models.written",
    "raydock.core.templating.Templates",
    "raydock.core.yamlfile.YamlFile",
    "raydock.core.yamlfile.read",
    "raydock.core.yamlfile.shipped",
    # The committed Dockerfiles show its output.
    "raydock.compat.when.When",
    "raydock.compat.when.matches",
    "raydock.model.gpubuild.GpuBuild",
    "raydock.plan.planner.Planned",
    # A lock of Debian packages shows its output: the digest of the request to apt.
    "raydock.builder.debs.request.DebRequest",
    # It decides which variants exist.
    "raydock.model.matrixfile.Exclude",
    "raydock.model.matrixfile.Point",
    "raydock.model.pattern.selects",
    "raydock.model.variant.ARCH_NAMES",
    # Counted by its property, or not part of a fingerprint.
    "raydock.builder.basemaker.BaseImage",
    "raydock.builder.recipe.Recipe",
}


def used(path: str, names: tuple[str, ...]) -> Iterator[str]:
    """The names that these definitions of a file import from raydock."""
    for statement in chain.from_iterable(definitions((ROOT / path).read_text(), names).values()):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("raydock."):
            yield f"{statement.module}.{statement.names[0].name}"


def counted(name: str) -> bool:
    """Whether the comparison reads a module, or the definition of this name in one."""
    module, _, last = name.rpartition(".")
    path = f"{module.replace('.', '/')}.py"
    return f"{name.replace('.', '/')}.py" in PYTHON or last in definitions(
        (ROOT / path).read_text(), PYTHON.get(path, ())
    )


@pytest.mark.parametrize(("path", "names"), COUNTED.items())
def test_each_name_is_defined(path: str, names: tuple[str, ...]) -> None:
    text = (ROOT / path).read_text()
    defined = definitions(text, names) if path.endswith(".py") else text
    assert not [name for name in names if name not in defined]


@pytest.mark.parametrize(("path", "names"), PYTHON.items())
def test_what_counted_code_uses_is_counted_too(path: str, names: tuple[str, ...]) -> None:
    """Code that decides images must be in inputs.yaml, or in NOT_COUNTED with a reason."""
    assert not [name for name in used(path, names) if not counted(name) and name not in NOT_COUNTED]


def test_what_is_not_counted_is_used() -> None:
    assert {name for path, names in PYTHON.items() for name in used(path, names)} >= NOT_COUNTED


def test_the_files_are_those_of_each_build_context() -> None:
    real = Context.read(Checkout(ROOT).templates).shared
    begins = tuple(f"{name}/" for name in FILES.context)
    ours = {path: data for path, data in shared(WorkingTree(ROOT)).items() if path.startswith(begins)}
    assert ours == {path: data for path, data in real.items() if not path.startswith("modules/uv/")}


def test_definitions_are_followed_within_a_file_and_no_further_than_they_are_used() -> None:
    text = '''
"""Words."""
from a import b, c
X, Y = 1, 2
X += later
later = 3

@dataclass
class Kind:
    """Words."""
    field: int = X

    def method(self):
        return b()

    def other(self):
        return helper(Kind)

def helper(kind):
    # comment
    return kind

def unused():
    return Y2
'''
    assert set(definitions(text, ("Kind",))) == {"Kind", "X", "Y", "b", "helper", "later"}
    assert set(definitions(text, ("Kind.method",))) == {"Kind.method", "b"}
    assert set(definitions(text, ("missing",))) == set()
    assert "Words" not in ast.dump(definitions(text, ("Kind",))["Kind"][0])
