"""The commands of KubeRay in an image, from data/kuberay.yaml."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from raydock.core.yamlfile import YamlEntry, read

DATA = Path(__file__).parent / "data" / "kuberay.yaml"
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a container of KubeRay may use.

    Attributes:
        cpus: its CPUs.
        memory: its memory, in bytes.
    """

    cpus: float
    memory: int


@dataclass(frozen=True, kw_only=True)
class HttpProbe:
    """A probe of the kubelet over HTTP, in place of wget.

    Attributes:
        path: the path of the request.
        since: the first version of Ray for which KubeRay uses it.
    """

    path: str
    since: str


@dataclass(frozen=True, kw_only=True)
class KubeRayRelease:
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
        submitter_shell: the shell of a job's submitter, as arguments.
        submitter: the script of a job's submitter.
        autoscaler: the script with the imports of the autoscaler.
        cleanup: the script with the imports of the Redis cleanup.
        http_probe: the probe in place of wget for newer versions of Ray, if the release has one.
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
        """A script as KubeRay's container command, for a head with this address."""
        return [*self.shell, fill(script, head=head)]


@dataclass(frozen=True, kw_only=True)
class KubeRayContract:
    """KubeRay's releases, and what they have in common.

    Attributes:
        releases: the releases, oldest first.
        init: the share of an init container.
        submitter: the share of a job's submitter.
        autoscaler: the share of the autoscaler.
        cleanup: the share of the Redis cleanup.
        head_seconds: the time limit of a head's probe.
        worker_seconds: the time limit of a worker's probe.
        tools: the programs that its scripts call.
        environment: the variables of a Ray container, with placeholders.
    """

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
    """Replace the placeholders for head, job and entrypoint."""
    return script.replace("@HEAD@", head).replace("@JOB@", job).replace("@ENTRYPOINT@", entrypoint)


def load(path: Path = DATA) -> KubeRayContract:
    """Read the file. Raises ConfigurationError, with file and line, if it is invalid."""
    keys = ("source", "date", "limits", "probe-seconds", "tools", "environment", "versions")
    entries = read(path).items(keys, keys)
    shares = ("init", "submitter", "autoscaler", "cleanup")
    limits = {name: _share(entry) for name, entry in entries["limits"].items(shares, shares).items()}
    seconds = entries["probe-seconds"].items(("head", "worker"), ("head", "worker"))
    return KubeRayContract(
        releases=tuple(_release(version, entry) for version, entry in entries["versions"].items().items()),
        head_seconds=_number(seconds["head"]),
        worker_seconds=_number(seconds["worker"]),
        tools=entries["tools"].texts(),
        environment={name: entry.text() for name, entry in entries["environment"].items().items()},
        **limits,
    )


@cache
def known() -> KubeRayContract:
    """The releases of KubeRay that raydock knows."""
    return load()


def _release(version: str, entry: YamlEntry) -> KubeRayRelease:
    texts = ("head", "worker", "init", "head-probe", "worker-probe", "submitter", "autoscaler", "cleanup")
    keys = ("shell", "submitter-shell", *texts)
    fields = entry.items((*keys, "http-probe"), keys)
    values = {key.replace("-", "_"): fields[key].text() for key in texts}
    http_probe = _http_probe(fields["http-probe"]) if "http-probe" in fields else None
    return KubeRayRelease(
        version=version,
        shell=fields["shell"].texts(),
        submitter_shell=fields["submitter-shell"].texts(),
        http_probe=http_probe,
        **values,
    )


def _http_probe(entry: YamlEntry) -> HttpProbe:
    fields = entry.items(("path", "since"), ("path", "since"))
    return HttpProbe(path=fields["path"].text(), since=fields["since"].text())


def _share(entry: YamlEntry) -> Share:
    fields = entry.items(("cpus", "memory"), ("cpus", "memory"))
    return Share(cpus=_number(fields["cpus"]), memory=int(_number(fields["memory"])) * 2**20)


def _number(entry: YamlEntry) -> float:
    try:
        return float(entry.text())
    except ValueError:
        entry.refuse(f"{entry.text()!r} is not a number.", "write it as 0.2.")
