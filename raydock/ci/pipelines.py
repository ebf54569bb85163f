"""The pipelines that a checkout commits, rendered from its matrix and templates/ci/."""

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from raydock.ci.plan import CiPlan
from raydock.core.checkout import Checkout
from raydock.core.templating import environment
from raydock.plan.planner import Plan

EVERYTHING = "everything"


class System(StrEnum):
    """CI systems that there is a pipeline for."""

    GITHUB = "github"
    GITLAB = "gitlab"

    def path(self, checkout: Checkout) -> Path:
        """Where the system looks for it."""
        places = {"github": ".github/workflows/images.yml", "gitlab": ".gitlab-ci.yml"}
        return checkout.root / places[self]


def pipeline(system: System, checkout: Checkout, plan: Plan) -> str:
    """The pipeline for every variant of a plan."""
    return _render(
        checkout,
        f"{system}.yml.j2",
        groups=[EVERYTHING, *plan.matrix.group_names],
        bootstrap=any(base.source == "bootstrap" for base in plan.matrix.bases),
        gpu=any(item.variant.gpu for item in plan.variants),
    )


def child(checkout: Checkout, plan: Plan, found: CiPlan) -> str:
    """GitLab's child pipeline: the jobs of the shards that a plan found."""
    bootstrap = any(base.source == "bootstrap" for base in plan.matrix.bases)
    jobs: Sequence[dict[str, str]] = [found.job(shard) for shard in found.shards]
    return _render(checkout, "gitlab-shards.yml.j2", shards=jobs, bootstrap=bootstrap)


def stale(system: System, checkout: Checkout, plan: Plan) -> str:
    """What is wrong with the committed pipeline; empty where it is as it should be."""
    path = system.path(checkout)
    name = path.relative_to(checkout.root)
    if not path.exists():
        return f"{name} is missing"
    if path.read_text(encoding="utf-8") != pipeline(system, checkout, plan):
        return f"{name} differs from what templates/ci/ and matrix.yaml render"
    return ""


def _render(checkout: Checkout, template: str, **values: object) -> str:
    # Both systems and shells have braces and brackets of their own.
    known = environment(checkout.templates / "ci", variable=("@{", "}@"))
    known.filters["yaml"] = json.dumps  # every JSON value is one in YAML's flow style
    return known.get_template(template).render(**values)
