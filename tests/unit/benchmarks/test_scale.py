from pathlib import Path

from benchmarks import checks, scale
from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project

ROOT = Path(__file__).parents[3]


def test_all_steps_pass_on_a_generated_checkout(tmp_path: Path) -> None:
    scale.generate(Project(Checkout(ROOT)), tmp_path / "generated", 2 * scale.PER_RAY)
    assert list(checks.main(tmp_path / "generated")) == ["plan", "lock check", "render check", "fingerprints"]
