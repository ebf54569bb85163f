"""Clauses 3 and 12: the head starts from KubeRay's command, also as OpenShift's arbitrary user."""

from docker.errors import APIError
from docker.models.containers import Container

from raydock.contract.answer import BrokenError, UnaskedError
from raydock.contract.bench import Bench, TestCluster
from raydock.contract.kuberay import KubeRayRelease
from raydock.contract.ray_node import ask, await_start, last_words
from raydock.engine.container import ContainerOptions
from raydock.engine.streams import last_line

OPENSHIFT_USER = "1000710000:0"
_VOLUMES = ("/tmp", "/home/ray")  # noqa: S108 - in a container
# Without quotes of the shell.
_NAME_AND_CACHES = """
import getpass, importlib.util, os, pwd, tempfile
getpass.getuser(), pwd.getpwuid(os.getuid())
folders = []
if importlib.util.find_spec("torch"):
    from torch._inductor.codecache import cache_dir
    folders.append(cache_dir())
if importlib.util.find_spec("vllm"):
    import vllm.envs
    folders.append(vllm.envs.VLLM_CACHE_ROOT)
for folder in folders:
    os.makedirs(folder, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()
"""


def starts(cluster: TestCluster) -> str:
    """`ray start --head` says that Ray runs."""
    _await(cluster.bench, cluster.release, cluster.head, "")
    return "the head starts"


def as_any_user(bench: Bench) -> str:
    """The same as a user id without a name, of group 0, without capabilities, in every shell of KubeRay's."""
    try:
        return _as_any_user(bench)
    except APIError as error:
        if "unable to setup user" not in str(error):
            raise
        why = f"the engine's user namespace has no user {OPENSHIFT_USER} (rootless Docker, or userns-remap)"
        raise UnaskedError(why) from None


def _as_any_user(bench: Bench) -> str:
    *_, newest = bench.kuberay.releases
    for release in bench.kuberay.releases:
        volumes = _VOLUMES if release is newest else ()
        options = ContainerOptions(
            environment=bench.kuberay.variables(), user=OPENSHIFT_USER, restricted=True, read_only_with=volumes
        )
        with bench.node(release.command(release.head), options) as container:
            root = ", with a read-only root file system" if volumes else ""
            _await(bench, release, container, f" as user {OPENSHIFT_USER} without capabilities{root}")
            _require_places(bench, container)
    return (
        f"as user {OPENSHIFT_USER} without capabilities the head starts, in both shells, also with a read-only root"
        " file system; the user has a name, and HOME and the folders of caches are writable"
    )


def _require_places(bench: Bench, container: Container) -> None:
    """Raises BrokenError if the user has no name, or cannot write what Ray's users write."""
    code, said = ask(container, 'touch "$HOME/.raydock"', bench.patience.command)
    if code:
        raise BrokenError(
            f"user {OPENSHIFT_USER} cannot write HOME ({last_line(said)}): on OpenShift KubeRay's pods"
            " start, and what caches or installs something in HOME fails"
        )
    code, said = ask(container, f"python -c '{_NAME_AND_CACHES}'", bench.patience.command)
    if code:
        raise BrokenError(
            f"user {OPENSHIFT_USER} has no name or no cache ({last_line(said)}): on OpenShift torch and vLLM fail when"
            " they compile or log"
        )


def _await(bench: Bench, release: KubeRayRelease, container: Container, how: str) -> None:
    if trouble := await_start(container, bench.patience.start):
        raise BrokenError(
            f"`{' '.join(release.shell)}` does not start a head{how}: {trouble}; {last_words(container)}:"
            " KubeRay's head pod goes into CrashLoopBackOff, and no worker ever starts"
        )
