"""Rules for the whole package that import-linter cannot check."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_class_name_is_used_once() -> None:
    places = defaultdict(list)
    for path in sorted((ROOT / "raydock").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_every_folder_is_a_package() -> None:
    folders = [path.parent for path in (ROOT / "raydock").rglob("*.py")]
    missing = [folder for folder in set(folders) if not (folder / "__init__.py").is_file()]
    assert [str(folder.relative_to(ROOT)) for folder in missing if "data" not in folder.parts] == []
