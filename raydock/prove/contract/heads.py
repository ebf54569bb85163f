"""Clauses 3 and 12: the head starts from KubeRay's command, also as OpenShift's arbitrary user."""

from docker.models.containers import Container

from raydock.prove.container import Terms
from raydock.prove.contract.answer import BrokenError
from raydock.prove.contract.bench import Bench, Cluster
from raydock.prove.contract.kuberay import Release
from raydock.prove.head import ask, await_start, last_words
from raydock.prove.streams import last_line

OPENSHIFT_USER = "1000710000:0"


def starts(cluster: Cluster) -> str:
    """`ray start --head` says that Ray runs."""
    _await(cluster.bench, cluster.release, cluster.head, "")
    return "the head starts"


def as_any_user(bench: Bench) -> str:
    """The same as a user id without a name, of group 0, without capabilities, in every shell of KubeRay's."""
    for release in bench.kuberay.releases:
        terms = Terms(environment=bench.kuberay.variables(), user=OPENSHIFT_USER, restricted=True)
        with bench.node(release.command(release.head), terms) as container:
            _await(bench, release, container, f" as user {OPENSHIFT_USER} without capabilities")
            code, said = ask(container, 'touch "$HOME/.raydock"', bench.patience.command)
            if code:
                raise BrokenError(
                    f"user {OPENSHIFT_USER} cannot write HOME ({last_line(said)}): on OpenShift KubeRay's pods"
                    " start, and what caches or installs something in HOME fails"
                )
    return f"as user {OPENSHIFT_USER} without capabilities the head starts, in both shells, and HOME is writable"


def _await(bench: Bench, release: Release, container: Container, how: str) -> None:
    if trouble := await_start(container, bench.patience.start):
        raise BrokenError(
            f"`{' '.join(release.shell)}` does not start a head{how}: {trouble}; {last_words(container)}:"
            " KubeRay's head pod goes into CrashLoopBackOff, and no worker ever starts"
        )
