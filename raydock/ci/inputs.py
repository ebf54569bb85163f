"""Read the inputs that decide each variant's image from the working tree or from a commit.

raydock's own code also decides an image. Its output in Dockerfiles is committed below images/, but no committed file
shows its further output. So a change in the definitions that inputs.yaml lists counts for all their variants.
"""

import ast
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from raydock.builder.baserecipe import TEMPLATE, BaseRecipe
from raydock.builder.layers import layers
from raydock.builder.recipe import Context
from raydock.ci.commit import Commit
from raydock.core.files import files_below
from raydock.core.models import Entry
from raydock.core.yamlfile import shipped
from raydock.model import debs
from raydock.model import lock as locks
from raydock.model.debs import DebLock
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant
from raydock.plan.planner import Planned

# The inputs of an image by the name that reports show. They are only compared.
Inputs = dict[str, object]
# The definitions or keys that count, by the path of their file.
_Code = dict[str, tuple[str, ...]]


class CountedFiles(Entry, frozen=True, kw_only=True):
    """The files of a checkout that decide images (inputs.yaml).

    Attributes:
        context: the folders whose files are in every build context, by their name there.
        code: the definitions that decide every image.
        base_code: the definitions that also decide the bases, by the source of a base.
    """

    context: dict[str, str]
    code: _Code
    base_code: dict[str, _Code]


def counted() -> CountedFiles:
    """Read the files that decide images."""
    return shipped("ci/inputs.yaml", CountedFiles)


@dataclass(frozen=True)
class WorkingTree:
    """The files of a checkout, committed or not.

    Attributes:
        root: the checkout's folder.
    """

    root: Path

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if it does not exist."""
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def folder(self, path: str) -> dict[str, bytes]:
        """The content of the files in a folder, by their paths below it."""
        return {name: file.read_bytes() for name, file in files_below(self.root / path).items()}


Files = Commit | WorkingTree


def shared(files: Files) -> Inputs:
    """The inputs of every image: files of the build context, code, and the version of uv."""
    context = {
        f"{name}/{path}": data
        for name, folder in counted().context.items()
        for path, data in files.folder(folder).items()
    }
    return {
        **context,
        **_code(files, counted().code),
        "uv": locks.parse(_text(files, "requirements.txt")).version("uv"),
    }


def own(files: Files, matrix: Matrix, planned: Planned) -> Inputs:
    """The inputs of one variant's image, except its Dockerfile."""
    variant, packages = planned.variant, matrix.packages_of(planned.variant)
    lock, base = locks.parse(_text(files, f"lockfiles/{planned.name}.txt")), _base(files, matrix, variant)
    group = _debs(files, f"{base.name}+{variant.flavor}") if base and packages.os_packages else None
    return {
        "lock": lock.sha256,
        "base": base.digest if base else None,
        "timestamp": matrix.epoch,
        **Context(shared={}).files(planned, lock, layers(lock, packages.added), group),
        **(_code(files, counted().base_code[base.base.source]) if base else {}),
    }


def _base(files: Files, matrix: Matrix, variant: Variant) -> BaseRecipe | None:
    """The recipe of a variant's base, with the packages of its lock, which may be stale or missing."""
    base, template = matrix.base(variant.python), _text(files, f"templates/{TEMPLATE}")
    if not base:
        return None
    recipe = BaseRecipe(base=base, compiler=variant.gpu, epoch=matrix.epoch, template=template)
    return replace(recipe, debs=_debs(files, recipe.name))


def _debs(files: Files, name: str) -> DebLock:
    return debs.parse(name, _text(files, f"lockfiles/{name}{debs.SUFFIX}")) or DebLock()


def _code(files: Files, parts: _Code) -> Inputs:
    return {path: _meaning(_text(files, path), path, names) for path, names in parts.items()}


def _meaning(text: str, path: str, names: tuple[str, ...]) -> object:
    """The definitions of a Python file or the keys of a YAML file, without comments and docstrings."""
    with suppress(SyntaxError, yaml.YAMLError):  # the code of a commit may be invalid
        if path.endswith(".py"):
            return {name: list(map(ast.dump, nodes)) for name, nodes in definitions(text, names).items()}
        document = yaml.safe_load(text) or {}
        return [document.get(name) for name in names]
    return text


def definitions(text: str, names: tuple[str, ...]) -> dict[str, list[ast.stmt]]:
    """The statements that define these names, and everything that they use in the file, including imports."""
    known: dict[str, list[ast.stmt]] = {}
    for statement in _WithoutDocstrings().visit(ast.parse(text)).body:
        for name, definition in _defined(statement).items():
            known.setdefault(name, []).append(definition)
    used: dict[str, list[ast.stmt]] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in known and name not in used:
            used[name] = known[name]
            waiting += [node.id for part in used[name] for node in ast.walk(part) if isinstance(node, ast.Name)]
    return used


def _defined(statement: ast.stmt) -> dict[str, ast.stmt]:
    """The definitions in a statement of a module, by name; a method is CLASS.METHOD."""
    match statement:
        case ast.ImportFrom(module=module, names=aliases, level=level):
            return {alias.asname or alias.name: ast.ImportFrom(module, [alias], level) for alias in aliases}
        case ast.ClassDef(name=name, body=body):
            methods = {f"{name}.{node.name}": node for node in body if isinstance(node, ast.FunctionDef)}
            return {name: statement, **methods}
        case ast.FunctionDef(name=name):
            return {name: statement}
    nodes = ast.walk(statement)
    return {node.id: statement for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


class _WithoutDocstrings(ast.NodeTransformer):
    """Removes statements that are only a constant, such as docstrings."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Keep all expressions that are not constants."""
        return None if isinstance(node.value, ast.Constant) else node


def _text(files: Files, path: str) -> str:
    return (files.read(path) or b"").decode(errors="replace")
