"""A real trivy with its own cache, and the committed scan.yaml."""

from pathlib import Path

import pytest

from raydock.model import policy as policies
from raydock.model.policy import Policy
from raydock.scan.trivy import Trivy, find

ROOT = Path(__file__).parents[3]


@pytest.fixture
def trivy(tmp_path: Path) -> Trivy:
    return Trivy(program=find(), folder=tmp_path / "trivy")


@pytest.fixture
def policy() -> Policy:
    return policies.load(ROOT / "scan.yaml")
