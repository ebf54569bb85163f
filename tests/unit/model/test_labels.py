"""The labels of an image: what is written is read again, and nothing else in the package names one."""

import ast
import re
from pathlib import Path

from raydock.model.labels import PATTERNS, ImageLabels, Label, of_base, of_build, of_dockerfile, of_plan
from raydock.model.variant import parse_name

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "raydock" / "model" / "labels.py"
CPU, CUDA = "ray2.60.0-py311-cpu", "ray2.60.0-torch2.13.0-py311-cu130"
# A label that raydock writes, as a whole word, or the beginning of any that others have defined.
NAMED = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, Label))})(?![\w.-])|org\.opencontainers\.|io\.ray\.")


def written(name: str, *, kuberay: bool = True, min_driver: str = "", sm: tuple[int, ...] = ()) -> ImageLabels:
    created = "2026-11-15T00:00:00+00:00"
    variant = parse_name(name)
    planned = ImageLabels(of_plan(variant, kuberay=kuberay, min_driver=min_driver, sm=sm))
    given = of_dockerfile(planned, variant, description="d", created=created, nvcc="")
    return ImageLabels(given | of_build(fingerprint="f", lock_sha256="a", python="3.11.2"))


def test_the_labels_of_a_build_are_read() -> None:
    found = written(CUDA, min_driver="580.65.06", sm=(75, 80))
    assert (found.variant, found.ray, found.python) == (CUDA, "2.60.0", "3.11.2")
    assert (found.min_driver, found.sm, found.fingerprint) == ("580.65.06", (75, 80), "f")
    assert (found.kuberay, found.base_recipe) == (True, None)


def test_an_image_for_cpu_needs_no_driver_and_names_no_compiler() -> None:
    found = written(CPU)
    assert (found.min_driver, found.sm) == ("", ())
    assert Label.NVCC not in found.values
    assert written(CUDA).values[Label.NVCC] == "none"


def test_only_an_image_that_is_not_for_kuberay_has_the_label() -> None:
    assert Label.KUBERAY not in written(CPU).values
    assert not written(CPU, kuberay=False).kuberay


def test_the_labels_of_a_base_name_its_recipe_and_its_python() -> None:
    found = ImageLabels(of_base(recipe="r", python="3.11.2"))
    assert (found.base_recipe, found.python) == ("r", "3.11.2")


def test_an_image_that_is_not_raydocks_has_no_values() -> None:
    found = ImageLabels({"maintainer": "them"})
    stated = (found.variant, found.ray, found.python, found.min_driver, found.fingerprint, found.base_recipe)
    assert stated == (None,) * 6
    assert (found.sm, found.kuberay) == ((), True)


def test_a_base_does_not_hand_down_any_label_that_raydock_writes() -> None:
    begins = tuple(pattern.removesuffix("*") for pattern in PATTERNS)
    assert all(label.startswith(begins) for label in Label)


def test_no_other_module_names_a_label() -> None:
    """The probe is left out: it runs in images, where no label is seen."""
    probe = ROOT / "raydock" / "probe"
    others = [path for path in (ROOT / "raydock").rglob("*.py") if path != MODULE and probe not in path.parents]
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in others
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMED.search(node.value)
    ]
    assert found == []


def test_no_template_of_a_dockerfile_names_a_label() -> None:
    templates = [*(ROOT / "templates").glob("*.j2"), *(ROOT / "templates" / "ci").iterdir()]
    assert [path.name for path in templates if NAMED.search(path.read_text(encoding="utf-8"))] == []


def test_the_script_of_hosts_reads_the_label_that_a_build_writes() -> None:
    script = (ROOT / "templates" / "docker" / "node.sh").read_text(encoding="utf-8")
    assert NAMED.findall(script) == [Label.FINGERPRINT]
