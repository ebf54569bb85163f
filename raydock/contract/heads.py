"""Clauses 3 and 12: the head starts, also as OpenShift's arbitrary user."""

from dataclasses import replace

from docker.errors import APIError
from docker.models.containers import Container

from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.bench import Bench, TestCluster
from raydock.contract.kuberay import KubeRayRelease
from raydock.contract.ray_node import await_start, describe_end, run_script
from raydock.engine.container import ContainerOptions
from raydock.engine.streams import last_line

OPENSHIFT_USER = "1000710000:0"
_WAIT = ("sleep", "infinity")
_VOLUMES = ("/tmp", "/home/ray")  # noqa: S108 - in a container
# Without single quotes: it is in single quotes in a shell command.
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
    """The head starts from KubeRay's command, with `-lc` and with `-c`."""
    _await(cluster.bench, cluster.release, cluster.head, "")
    return "the head starts"


def as_any_user(bench: Bench) -> str:
    """The head starts as OpenShift's arbitrary user of group 0, without capabilities.

    It starts in each of KubeRay's shells.
    """
    *older, newest = bench.kuberay.releases
    condition = f" as user {OPENSHIFT_USER} without capabilities"
    options = ContainerOptions(environment=bench.kuberay.variables(), user=OPENSHIFT_USER, restricted=True)
    try:
        # Also without the volumes, on which every user can write HOME.
        with bench.node(_WAIT, options) as container:
            _require_name_and_folders(bench, container)
        for release in older:
            with bench.node(release.command(release.head), options) as container:
                _await(bench, release, container, condition)
        with bench.node(newest.command(newest.head), replace(options, read_only_with=_VOLUMES)) as container:
            _await(bench, newest, container, f"{condition}, with a read-only root file system")
            _require_name_and_folders(bench, container)
    except APIError as error:
        if "unable to setup user" not in str(error):
            raise
        reason = f"the engine's user namespace has no user {OPENSHIFT_USER} (rootless Docker, or userns-remap)"
        raise NotCheckedError(reason) from None
    return (
        f"as user {OPENSHIFT_USER} without capabilities the head starts, in both shells, also with a read-only root"
        " file system; the user has a name, and HOME and the cache folders are writable"
    )


def _require_name_and_folders(bench: Bench, container: Container) -> None:
    """Require a name for the user, and permission to write HOME and caches.

    Raises BrokenError if one is missing.
    """
    code, output = run_script(container, 'touch "$HOME/.raydock"', bench.timeouts.command)
    if code:
        raise BrokenError(
            f"user {OPENSHIFT_USER} cannot write HOME ({last_line(output)}): on OpenShift KubeRay's pods"
            " start, but programs that cache or install something in HOME fail"
        )
    code, output = run_script(container, f"python -c '{_NAME_AND_CACHES}'", bench.timeouts.command)
    if code:
        raise BrokenError(
            f"user {OPENSHIFT_USER} has no name or no cache ({last_line(output)}): on OpenShift torch and vLLM fail"
            " when they compile or log"
        )


def _await(bench: Bench, release: KubeRayRelease, container: Container, conditions: str) -> None:
    if problem := await_start(container, bench.timeouts.start):
        raise BrokenError(
            f"`{' '.join(release.shell)}` does not start a head{conditions}: {problem}; {describe_end(container)}:"
            " KubeRay's head pod goes into CrashLoopBackOff, and no worker ever starts"
        )
