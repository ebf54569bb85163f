"""docs/reference/extras.md agrees with matrix.yaml, facts and breakages; `python -m benchmarks extras` writes it."""

import re

import pytest

from benchmarks import extras
from raydock.core.checkout import Checkout
from raydock.model.variant import Axis
from raydock.pipeline.project import Project
from raydock.plan.extras import known
from tests.support.toy import ROOT


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(Checkout(ROOT))


@pytest.fixture(scope="module")
def text() -> str:
    return extras.DOCUMENT.read_text(encoding="utf-8")


def test_the_document_is_up_to_date(project: Project, text: str) -> None:
    assert extras.digest(project) in text, "run `.venv/bin/python -m benchmarks extras`"


def test_every_ray_of_the_matrix_has_a_row_for_each_of_its_extras(project: Project, text: str) -> None:
    sections = dict(re.findall(r"^## Ray (\S+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert tuple(sections) == project.matrix.axes[Axis.RAY]
    for version, section in sections.items():
        rows = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
        assert tuple(rows) == known(project.facts.releases["ray", version])


def test_every_reason_that_a_row_names_is_listed(text: str) -> None:
    for section in text.split("\n## ")[1:]:
        named = {int(number) for number in re.findall(r"no \((\d+)\)", section)}
        listed = [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]
        assert listed == sorted(named) == list(range(1, len(named) + 1))
