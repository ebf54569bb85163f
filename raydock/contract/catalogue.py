"""The clauses of KubeRay's contract, each with its check."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from raydock.contract import derived, environments, heads, inside, jobs, joining, probes, shells, versions
from raydock.contract.bench import Bench, TestCluster
from raydock.contract.kuberay import KubeRayRelease

Subject = TypeVar("Subject", Bench, TestCluster)


@dataclass(frozen=True, kw_only=True)
class Clause(Generic[Subject]):
    """A clause of the contract.

    Attributes:
        number: its number.
        word: a word for it.
        title: what it requires.
        check: the function that checks an image, or a cluster.
        concerns: whether it applies to a release of KubeRay.
    """

    number: int
    word: str
    title: str
    check: Callable[[Subject], str]
    concerns: Callable[[KubeRayRelease], bool] = lambda _: True

    @property
    def id(self) -> str:
        """Its name in reports, such as 6-health-check."""
        return f"{self.number}-{self.word}"


# The clauses that need no cluster, in any order: those that take longest are first.
APART: tuple[Clause[Bench], ...] = (
    Clause(
        number=12,
        word="any-user",
        title="The head starts as OpenShift's arbitrary user of group 0, without capabilities.",
        check=heads.as_any_user,
    ),
    Clause(
        number=10,
        word="imports",
        title="The autoscaler's module imports in 512 MiB, the Redis cleanup's in 256 MiB.",
        check=inside.imports,
    ),
    Clause(number=1, word="shells", title="`bash -c` and `bash -lc` find the same tools.", check=shells.agree),
    Clause(
        number=14,
        word="runtime-env",
        title="`python -m virtualenv` and `python -m pip` work.",
        check=shells.runtime_env,
    ),
    Clause(
        number=13,
        word="versions",
        title="Ray's version and Python's patch are the tag's and the labels'.",
        check=versions.as_promised,
    ),
    Clause(
        number=2,
        word="tools",
        title="The tools that KubeRay calls are on PATH under `sh -c`, and wget is GNU Wget.",
        check=shells.tools,
    ),
    Clause(number=11, word="user", title="The image's user is a number and not 0.", check=inside.user),
    Clause(
        number=16,
        word="environment",
        title="No RAY_ADDRESS, RAY_PORT or PYTHONDONTWRITEBYTECODE in the image's environment.",
        check=inside.environment,
    ),
    Clause(number=17, word="gpu", title="A Ray task computes on the GPU.", check=inside.gpu),
    Clause(
        number=18,
        word="pip",
        title="A task's runtime_env `pip` works offline and costs megabytes.",
        check=environments.pip,
    ),
    Clause(
        number=19,
        word="uv",
        title="A task's runtime_env `uv` works offline and costs megabytes.",
        check=environments.uv,
    ),
    Clause(
        number=20,
        word="uv-run",
        title="KubeRay's sample for `uv run` works offline.",
        check=environments.uv_run,
    ),
    Clause(
        number=21,
        word="derived",
        title="An image that is built on one of raydock's keeps torch, ray, vllm, CUDA and HOME as they are.",
        check=derived.compare,
    ),
)

# The clause that must pass before those that need a cluster can be checked.
HEAD: Clause[TestCluster] = Clause(
    number=3, word="head", title="The head starts from KubeRay's command, with `-lc` and with `-c`.", check=heads.starts
)

# The clauses that need a cluster, for each release of KubeRay in this order.
TOGETHER: tuple[Clause[TestCluster], ...] = (
    HEAD,
    Clause(
        number=4,
        word="probes",
        title="The head's wget probe answers within 5 s, a worker's half of it within 2 s.",
        check=probes.wget,
    ),
    Clause(
        number=5,
        word="http-probe",
        title="From Ray 2.53 on, /api/healthz answers from another container.",
        check=probes.http,
        concerns=lambda release: release.http_probe is not None,
    ),
    Clause(number=9, word="serve", title="/api/serve/applications/ answers 200.", check=probes.serve),
    Clause(number=15, word="mounted-file", title="A file mounted into HOME runs.", check=jobs.runs_a_mounted_file),
    Clause(
        number=6,
        word="health-check",
        title="`ray health-check` passes within 0.2 CPU and 256 MiB, in under 15 s.",
        check=joining.health_check,
    ),
    Clause(
        number=8,
        word="submitter",
        title="The submitter's script runs a job to its success within 1 CPU and 1 GiB.",
        check=jobs.submits,
    ),
    # Last: for some seconds after the worker's end Ray regards its node as alive, and might send the job there.
    Clause(number=7, word="join", title="A worker joins, two nodes are alive.", check=joining.joins),
)


def names() -> dict[int, str]:
    """The name of every clause by its number, in the contract's order."""
    clauses: tuple[Clause[Bench] | Clause[TestCluster], ...] = (*APART, *TOGETHER)
    return {clause.number: clause.id for clause in sorted(clauses, key=lambda clause: clause.number)}
