"""Render the CI pipelines of a checkout from its matrix and templates/ci/."""

import json
from enum import StrEnum
from pathlib import Path

from raydock.ci.plan import CiPlan
from raydock.core import program
from raydock.core.checkout import Checkout
from raydock.plan.planner import Plan

EVERYTHING = "everything"


class System(StrEnum):
    """A CI system with a pipeline."""

    GITHUB = "github"
    GITLAB = "gitlab"

    def path(self, checkout: Checkout) -> Path:
        """The file in which the system looks for its pipeline."""
        paths = {"github": ".github/workflows/images.yml", "gitlab": ".gitlab-ci.yml"}
        return checkout.root / paths[self]


def render_pipeline(system: System, checkout: Checkout, plan: Plan) -> str:
    """Render the pipeline for every variant of a plan."""
    groups, gpu = [EVERYTHING, *plan.matrix.group_names], any(planned.variant.gpu for planned in plan.variants)
    return _render(checkout, plan, f"{system}.yml.j2", groups=groups, gpu=gpu)


def render_child(checkout: Checkout, plan: Plan, ci_plan: CiPlan) -> str:
    """Render GitLab's child pipeline: the jobs of the shards."""
    return _render(checkout, plan, "gitlab-shards.yml.j2", shards=[shard.job for shard in ci_plan.shards])


def find_difference(system: System, checkout: Checkout, plan: Plan) -> str:
    """Why the committed pipeline is out of date; empty if it is not."""
    path = system.path(checkout)
    name = path.relative_to(checkout.root)
    if not path.exists():
        return f"{name} does not exist"
    if path.read_text(encoding="utf-8") != render_pipeline(system, checkout, plan):
        return f"{name} differs from what templates/ci/ and matrix.yaml render"
    return ""


def _render(checkout: Checkout, plan: Plan, template: str, **values: object) -> str:
    # The pipelines and their shell scripts use braces and brackets themselves.
    templates = checkout.templates.environment("ci", variable=("@{", "}@"))
    templates.filters["yaml"] = json.dumps  # every JSON value is valid YAML
    bootstrap = any(base.source == "bootstrap" for base in plan.matrix.bases)
    is_checkout = checkout.root == program.checkout()  # otherwise raydock is installed from requirements.txt
    command = "./build.py" if is_checkout else "raydock"
    return templates.get_template(template).render(
        bootstrap=bootstrap, is_checkout=is_checkout, raydock=command, **values
    )
