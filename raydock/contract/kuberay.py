"""What KubeRay runs in an image, by its version, kept as data in data/kuberay.yaml."""

from functools import cache
from pathlib import Path

import msgspec

from raydock.core import yamlfile
from raydock.core.models import Dated, Entry

DATA = Path(__file__).parent / "data" / "kuberay.yaml"
LOCALHOST = "127.0.0.1"


class Share(Entry, frozen=True, kw_only=True):
    """What a container of KubeRay's may use: CPUs and bytes of memory."""

    cpus: float
    mebibytes: int = msgspec.field(name="memory")

    @property
    def memory(self) -> int:
        """Bytes of memory."""
        return self.mebibytes * 2**20


class Shares(Entry, frozen=True, kw_only=True):
    """What KubeRay's containers may use."""

    init: Share
    submitter: Share
    autoscaler: Share
    cleanup: Share


class ProbeSeconds(Entry, frozen=True, kw_only=True):
    """How long probes of heads and of workers may take, in seconds."""

    head: float
    worker: float


class HttpProbe(Entry, frozen=True, kw_only=True):
    """A path that the kubelet asks instead of wget, and the Ray from which on it does."""

    path: str
    since: str


class KubeRayRelease(Entry, frozen=True, kw_only=True):
    """The commands of one KubeRay: two shells as lists of words, scripts for them, probes for `bash -c`.

    A script holds @HEAD@, @JOB@ and @ENTRYPOINT@ where `fill` is to put something.
    """

    version: str
    shell: tuple[str, ...]
    head: str
    worker: str
    init: str
    head_probe: str
    worker_probe: str
    submitter_shell: tuple[str, ...]
    submitter: str
    autoscaler: str
    cleanup: str
    http_probe: HttpProbe | None = None

    def command(self, script: str, head: str = LOCALHOST) -> list[str]:
        """A script as KubeRay's container command, for a cluster whose head has this address."""
        return [*self.shell, fill(script, head=head)]


class KubeRayContract(Dated, frozen=True, kw_only=True):
    """KubeRay's releases, oldest first, and what they have in common: shares of a node, seconds of probes."""

    releases: tuple[KubeRayRelease, ...]
    limits: Shares
    probe_seconds: ProbeSeconds
    environment: dict[str, str]

    def variables(self, head: str = LOCALHOST) -> dict[str, str]:
        """The environment of a Ray container of a cluster whose head has this address."""
        return {name: fill(value, head=head) for name, value in self.environment.items()}


def fill(script: str, *, head: str, job: str = "", entrypoint: str = "") -> str:
    """A script with the head's address, a job's submission id and its entrypoint in their places."""
    return script.replace("@HEAD@", head).replace("@JOB@", job).replace("@ENTRYPOINT@", entrypoint)


def load(path: Path = DATA) -> KubeRayContract:
    """Reads the file. Raises ConfigurationError, with file and line, for what is not as its head says."""
    return yamlfile.load(path, KubeRayContract)


@cache
def known() -> KubeRayContract:
    """The KubeRay that raydock ships the commands of."""
    return load()
