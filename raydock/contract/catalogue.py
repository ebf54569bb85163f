"""The clauses of KubeRay's contract, each with its check."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Generic, TypeVar

from raydock.contract import derived, environments, heads, inside, joining, probes, shells, versions
from raydock.contract.bench import Bench, TestCluster
from raydock.contract.kuberay import KubeRayRelease

Subject = TypeVar("Subject", Bench, TestCluster)


@dataclass(frozen=True)
class Clause(Generic[Subject]):
    """A clause of the contract.

    Attributes:
        id: its number and a word for it, which is its name in reports.
        check: the function that checks an image, or a cluster. Its docstring begins with what the clause requires.
        concerns: whether it applies to a release of KubeRay.
    """

    id: str
    check: Callable[[Subject], str]
    concerns: Callable[[KubeRayRelease], bool] = lambda _: True

    @property
    def number(self) -> int:
        """Its number, by which users choose it."""
        return int(self.id.partition("-")[0])

    @property
    def title(self) -> str:
        """What it requires, a sentence."""
        return (getdoc(self.check) or self.id).partition("\n")[0]


# The clauses that need no cluster, in any order: those that take longest are first.
APART: tuple[Clause[Bench], ...] = (
    Clause("12-any-user", heads.as_any_user),
    Clause("10-imports", inside.imports),
    Clause("1-shells", shells.agree),
    Clause("14-runtime-env", shells.runtime_env),
    Clause("13-versions", versions.as_promised),
    Clause("2-tools", shells.tools),
    Clause("11-user", inside.user),
    Clause("16-environment", inside.environment),
    Clause("17-gpu", inside.gpu),
    Clause("18-pip", environments.pip),
    Clause("19-uv", environments.uv),
    Clause("20-uv-run", environments.uv_run),
    Clause("21-derived", derived.compare),
)

# The clause that must pass before those that need a cluster can be checked.
HEAD: Clause[TestCluster] = Clause("3-head", heads.starts)

# The clauses that need a cluster, for each release of KubeRay in this order.
TOGETHER: tuple[Clause[TestCluster], ...] = (
    HEAD,
    Clause("4-probes", probes.wget),
    Clause("5-http-probe", probes.http, concerns=lambda release: release.http_probe is not None),
    Clause("9-serve", probes.serve),
    Clause("22-token", probes.token, concerns=lambda release: release.auth_options),
    Clause("15-mounted-file", joining.runs_a_mounted_file),
    Clause("6-health-check", joining.health_check),
    Clause("8-submitter", joining.submits),
    # Last: for some seconds after the worker's end Ray regards its node as alive, and might send the job there.
    Clause("7-join", joining.joins),
)


def names() -> dict[int, str]:
    """The name of every clause by its number, in the contract's order."""
    clauses: tuple[Clause[Bench] | Clause[TestCluster], ...] = (*APART, *TOGETHER)
    return {clause.number: clause.id for clause in sorted(clauses, key=lambda clause: clause.number)}
