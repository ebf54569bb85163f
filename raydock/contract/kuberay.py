"""What KubeRay runs in an image, by its version, kept as data in data/kuberay.yaml."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from raydock.core.yamlfile import YamlEntry, read

DATA = Path(__file__).parent / "data" / "kuberay.yaml"
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a container of KubeRay's may use: CPUs and bytes of memory."""

    cpus: float
    memory: int


@dataclass(frozen=True, kw_only=True)
class HttpProbe:
    """A path that the kubelet asks instead of wget, and the Ray from which on it does."""

    path: str
    since: str


@dataclass(frozen=True, kw_only=True)
class KubeRayRelease:
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
    http_probe: HttpProbe | None

    def command(self, script: str, head: str = LOCALHOST) -> list[str]:
        """A script as KubeRay's container command, for a cluster whose head has this address."""
        return [*self.shell, fill(script, head=head)]


@dataclass(frozen=True, kw_only=True)
class KubeRayContract:
    """KubeRay's releases, oldest first, and what they have in common: shares of a node, seconds of probes, tools."""

    releases: tuple[KubeRayRelease, ...]
    init: Share
    submitter: Share
    autoscaler: Share
    cleanup: Share
    head_seconds: float
    worker_seconds: float
    tools: tuple[str, ...]
    environment: dict[str, str]

    def variables(self, head: str = LOCALHOST) -> dict[str, str]:
        """The environment of a Ray container of a cluster whose head has this address."""
        return {name: fill(value, head=head) for name, value in self.environment.items()}


def fill(script: str, *, head: str, job: str = "", entrypoint: str = "") -> str:
    """A script with the head's address, a job's submission id and its entrypoint in their places."""
    return script.replace("@HEAD@", head).replace("@JOB@", job).replace("@ENTRYPOINT@", entrypoint)


def load(path: Path = DATA) -> KubeRayContract:
    """Reads the file.

    Raises ConfigurationError, with file and line, for what is not as its head says.
    """
    keys = ("source", "date", "limits", "probe-seconds", "tools", "environment", "versions")
    found = read(path).items(keys, keys)
    shares = ("init", "submitter", "autoscaler", "cleanup")
    limits = {name: _share(entry) for name, entry in found["limits"].items(shares, shares).items()}
    seconds = found["probe-seconds"].items(("head", "worker"), ("head", "worker"))
    return KubeRayContract(
        releases=tuple(_release(version, entry) for version, entry in found["versions"].items().items()),
        head_seconds=_number(seconds["head"]),
        worker_seconds=_number(seconds["worker"]),
        tools=found["tools"].texts(),
        environment={name: entry.text() for name, entry in found["environment"].items().items()},
        **limits,
    )


@cache
def known() -> KubeRayContract:
    """The KubeRay that raydock ships the commands of."""
    return load()


def _release(version: str, entry: YamlEntry) -> KubeRayRelease:
    texts = ("head", "worker", "init", "head-probe", "worker-probe", "submitter", "autoscaler", "cleanup")
    keys = ("shell", "submitter-shell", *texts)
    found = entry.items((*keys, "http-probe"), keys)
    values = {key.replace("-", "_"): found[key].text() for key in texts}
    http_probe = _http_probe(found["http-probe"]) if "http-probe" in found else None
    return KubeRayRelease(
        version=version,
        shell=found["shell"].texts(),
        submitter_shell=found["submitter-shell"].texts(),
        http_probe=http_probe,
        **values,
    )


def _http_probe(entry: YamlEntry) -> HttpProbe:
    found = entry.items(("path", "since"), ("path", "since"))
    return HttpProbe(path=found["path"].text(), since=found["since"].text())


def _share(entry: YamlEntry) -> Share:
    found = entry.items(("cpus", "memory"), ("cpus", "memory"))
    return Share(cpus=_number(found["cpus"]), memory=int(_number(found["memory"])) * 2**20)


def _number(entry: YamlEntry) -> float:
    try:
        return float(entry.text())
    except ValueError:
        entry.refuse(f"{entry.text()!r} is not a number.", "write it as 0.2.")
