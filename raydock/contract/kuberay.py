"""The commands of KubeRay in an image, from data/kuberay.yaml."""

from functools import cache
from pathlib import Path

import msgspec

from raydock.core import yamlfile
from raydock.core.models import Dated, Entry

DATA = Path(__file__).parent / "data" / "kuberay.yaml"
LOCALHOST = "127.0.0.1"
# Where every node's dashboard agent and the head's dashboard answer.
AGENT_PORT, DASHBOARD_PORT = 52365, 8265


class Share(Entry, frozen=True, kw_only=True):
    """What a container of KubeRay may use.

    Attributes:
        cpus: its CPUs.
        mebibytes: its memory, in MiB.
    """

    cpus: float
    mebibytes: int = msgspec.field(name="memory")

    @property
    def memory(self) -> int:
        """Its memory, in bytes."""
        return self.mebibytes * 2**20


class Shares(Entry, frozen=True, kw_only=True):
    """The shares of KubeRay's containers.

    Attributes:
        init: the share of an init container.
        submitter: the share of a job's submitter.
        autoscaler: the share of the autoscaler.
        cleanup: the share of the Redis cleanup.
    """

    init: Share
    submitter: Share
    autoscaler: Share
    cleanup: Share


class ProbeSeconds(Entry, frozen=True, kw_only=True):
    """The time limits of probes, in seconds.

    Attributes:
        head: that of a head's probe.
        worker: that of a worker's probe.
    """

    head: float
    worker: float


class HttpProbe(Entry, frozen=True, kw_only=True):
    """A probe of the kubelet over HTTP, in place of wget.

    Attributes:
        path: the path of the request.
        since: the first version of Ray for which KubeRay uses it.
    """

    path: str
    since: str


class KubeRayRelease(Entry, frozen=True, kw_only=True):
    """The commands of one release of KubeRay.

    Scripts have the placeholders @HEAD@, @JOB@ and @ENTRYPOINT@, which `fill` replaces.

    Attributes:
        version: the release, such as v1.7.0.
        shell: the shell of Ray containers, as arguments.
        head: the script of a head.
        worker: the script of a worker.
        init: the script of a worker's init container.
        head_probe: the probe of a head, for `bash -c`.
        worker_probe: the probe of a worker, for `bash -c`.
        serve_probe: what the readiness probe of a RayService's worker asks in addition, for `bash -c`.
        submitter_shell: the shell of a job's submitter, as arguments.
        submitter: the script of a job's submitter.
        autoscaler: the script with the imports of the autoscaler.
        cleanup: the script with the imports of the Redis cleanup.
        http_probe: the probe in place of wget for newer versions of Ray, if the release has one.
        auth_options: whether a cluster's `authOptions` can require a token.
    """

    version: str
    shell: tuple[str, ...]
    head: str
    worker: str
    init: str
    head_probe: str
    worker_probe: str
    serve_probe: str
    submitter_shell: tuple[str, ...]
    submitter: str
    autoscaler: str
    cleanup: str
    http_probe: HttpProbe | None = None
    auth_options: bool = False

    def command(self, script: str, head: str = LOCALHOST) -> list[str]:
        """A script as KubeRay's container command, for a head with this address."""
        return [*self.shell, fill(script, head=head)]


class KubeRayContract(Dated, frozen=True, kw_only=True):
    """KubeRay's releases, and what they have in common.

    Attributes:
        releases: the releases, oldest first.
        limits: the shares of its containers.
        probe_seconds: the time limits of its probes.
        environment: the variables of a Ray container, with placeholders.
    """

    releases: tuple[KubeRayRelease, ...]
    limits: Shares
    probe_seconds: ProbeSeconds
    environment: dict[str, str]

    def release(self, version: str) -> KubeRayRelease:
        """Return a release by its minor version, such as 1.7."""
        return next(release for release in self.releases if release.version.startswith(f"v{version}."))

    def variables(self, head: str = LOCALHOST) -> dict[str, str]:
        """The environment of a Ray container of a cluster whose head has this address."""
        return {name: fill(value, head=head) for name, value in self.environment.items()}


def fill(script: str, *, head: str, job: str = "", entrypoint: str = "") -> str:
    """Replace the placeholders for head, job and entrypoint."""
    return script.replace("@HEAD@", head).replace("@JOB@", job).replace("@ENTRYPOINT@", entrypoint)


def load(path: Path = DATA) -> KubeRayContract:
    """Read the file. Raises ConfigurationError, with file and line, if it is invalid."""
    return yamlfile.load(path, KubeRayContract)


@cache
def known() -> KubeRayContract:
    """The releases of KubeRay that raydock knows."""
    return load()
