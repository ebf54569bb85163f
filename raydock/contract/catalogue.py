"""The clauses of KubeRay's contract, each with its check."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from raydock.contract import derived, heads, inside, joining, probes, shells, versions
from raydock.contract.bench import Bench, TestCluster
from raydock.contract.environments import runtime_env, uv, uv_run
from raydock.contract.kuberay import KubeRayRelease

Subject = TypeVar("Subject", Bench, TestCluster)


@dataclass(frozen=True)
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
        12,
        "any-user",
        "The head starts as OpenShift's arbitrary user of group 0, without capabilities.",
        heads.as_any_user,
    ),
    Clause(
        10, "imports", "The autoscaler's module imports in 512 MiB, the Redis cleanup's in 256 MiB.", inside.imports
    ),
    Clause(1, "shells", "`bash -c` and `bash -lc` find the same tools.", shells.agree),
    Clause(14, "runtime-env", "`python -m virtualenv` and `python -m pip` work.", shells.runtime_env),
    Clause(13, "versions", "Ray's version and Python's patch are the tag's and the labels'.", versions.as_promised),
    Clause(2, "tools", "The tools that KubeRay calls are on PATH under `sh -c`, and wget is GNU Wget.", shells.tools),
    Clause(11, "user", "The image's user is a number and not 0.", inside.user),
    Clause(
        16,
        "environment",
        "No RAY_ADDRESS, RAY_PORT or PYTHONDONTWRITEBYTECODE in the image's environment.",
        inside.environment,
    ),
    Clause(17, "gpu", "A Ray task computes on the GPU.", inside.gpu),
    Clause(
        18, "pip", "A task's runtime_env `pip` works offline and costs megabytes.", partial(runtime_env, kind="pip")
    ),
    Clause(19, "uv", "A task's runtime_env `uv` works offline and costs megabytes.", uv),
    Clause(20, "uv-run", "KubeRay's sample for `uv run` works offline.", uv_run),
    Clause(
        21,
        "derived",
        "An image that is built on one of raydock's keeps torch, ray, vllm, CUDA and HOME as they are.",
        derived.compare,
    ),
)

# The clause that must pass before those that need a cluster can be checked.
HEAD: Clause[TestCluster] = Clause(
    3, "head", "The head starts from KubeRay's command, with `-lc` and with `-c`.", heads.starts
)

# The clauses that need a cluster, for each release of KubeRay in this order.
TOGETHER: tuple[Clause[TestCluster], ...] = (
    HEAD,
    Clause(4, "probes", "The head's wget probe answers within 5 s, a worker's half of it within 2 s.", probes.wget),
    Clause(
        5,
        "http-probe",
        "From Ray 2.53 on, /api/healthz answers from another container.",
        probes.http,
        concerns=lambda release: release.http_probe is not None,
    ),
    Clause(9, "serve", "/api/serve/applications/ answers 200.", probes.serve),
    Clause(15, "mounted-file", "A file mounted into HOME runs.", joining.runs_a_mounted_file),
    Clause(
        6, "health-check", "`ray health-check` passes within 0.2 CPU and 256 MiB, in under 15 s.", joining.health_check
    ),
    Clause(8, "submitter", "The submitter's script runs a job to its success within 1 CPU and 1 GiB.", joining.submits),
    # Last: for some seconds after the worker's end Ray regards its node as alive, and might send the job there.
    Clause(7, "join", "A worker joins, two nodes are alive.", joining.joins),
)


def names() -> dict[int, str]:
    """The name of every clause by its number, in the contract's order."""
    clauses: tuple[Clause[Bench] | Clause[TestCluster], ...] = (*APART, *TOGETHER)
    return {clause.number: clause.id for clause in sorted(clauses, key=lambda clause: clause.number)}
