"""The test bench of an image: its network, and containers like KubeRay's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from threading import Event

from docker import DockerClient
from docker.models.containers import Container

from raydock.contract.answer import BrokenError, NotCheckedError
from raydock.contract.kuberay import DASHBOARD_PORT, KubeRayContract, KubeRayRelease, Share, known
from raydock.engine import channel
from raydock.engine.cleanup import remove_all
from raydock.engine.client import without_limits
from raydock.engine.container import CommandResult, ContainerOptions, Limits, create_container, run_to_end, start
from raydock.engine.localimage import inspect
from raydock.engine.streams import last_line
from raydock.model.image import ContainerImage
from raydock.probe import tokens

SAMPLE = PurePosixPath("/home/ray/samples/sample_code.py")
SAMPLE_SAYS = "raydock sample 14"
_CODE = f"""import ray
ray.init()

@ray.remote
def square(n):
    return n * n

print("{SAMPLE_SAYS.rpartition(" ")[0]}", sum(ray.get([square.remote(n) for n in range(4)])))
"""
_GET = Path(__file__).with_name("get.sh").read_text(encoding="utf-8")
_RAY_MEMORY = 3 * 2**30  # Ray's object store, 30 % of it, fits into 1 GiB of /dev/shm


@dataclass(frozen=True, kw_only=True)
class ClauseTimeouts:
    """Time limits, in seconds.

    Attributes:
        start: for `ray start`.
        answer: for the first answer of a started head.
        job: for a job.
        command: for every other command.
    """

    start: float = 90.0
    answer: float = 45.0
    job: float = 90.0
    command: float = 60.0


DEFAULT_TIMEOUTS = ClauseTimeouts()


@dataclass(frozen=True, kw_only=True)
class Bench:
    """An image under test.

    Attributes:
        client: the engine that has the image.
        image: the image.
        tag: what the user calls it.
        network: the network of its containers.
        kuberay: the contract.
        timeouts: the time limits.
        user: the user of its containers, in place of the image's.
        read_only_with: their root file system is read-only, except for these folders in memory.
        unlimited: why the engine enforces no limits of memory and CPU; empty if it does.
        halted: set when the run must end.
    """

    client: DockerClient
    image: ContainerImage
    tag: str
    network: str
    kuberay: KubeRayContract
    timeouts: ClauseTimeouts = DEFAULT_TIMEOUTS
    user: str | None = None
    read_only_with: Sequence[str] = ()
    unlimited: str = ""
    halted: Event = field(default_factory=Event)

    @classmethod
    def of(cls, client: DockerClient, image: str, tag: str, network: str) -> "Bench":
        """A bench for an image (a tag or an id), with the known releases of KubeRay and default time limits.

        Raises VariantError if the engine does not have it.
        """
        inspected = inspect(client, image, f"`docker pull {image}`, or build it: `./build.py build`.")
        return cls(
            client=client,
            image=inspected,
            tag=tag,
            network=network,
            kuberay=known(),
            unlimited=without_limits(client.info()),
        )

    def halt(self) -> None:
        """Stop all containers, and start no more."""
        self.halted.set()
        remove_all(self.client)

    def run(
        self,
        command: Sequence[str],
        share: Share | None = None,
        seconds: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run a command in a new container, for at most `seconds`.

        Raises NotCheckedError if the engine does not enforce shares.
        """
        if share and self.unlimited:
            raise NotCheckedError(f"this engine cannot check it: {self.unlimited}")
        limits = Limits(memory=share.memory if share else _RAY_MEMORY)
        cpus = share.cpus if share else 0.0
        options = ContainerOptions(network=self.network, cpus=cpus, environment=environment or {})
        with self._create(command, limits, options) as container:
            return run_to_end(container, lambda _: None, seconds or self.timeouts.command)

    def run_for_answer(
        self,
        command: Sequence[str],
        seconds: float | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> tuple[CommandResult, str]:
        """Run a command in a new container. Returns how it ended, and what it wrote to channel.PATH.

        `files`: files that the container gets in channel.FOLDER, by name.
        """
        options = ContainerOptions(
            network=self.network,
            archive=channel.archive(files),
            archive_at=channel.FOLDER,
            environment=environment or {},
        )
        with self._create(command, Limits(memory=_RAY_MEMORY), options) as container:
            ended = run_to_end(container, lambda _: None, seconds or self.timeouts.command)
            return ended, channel.read(container)

    @contextmanager
    def node(self, command: Sequence[str], options: ContainerOptions) -> Iterator[Container]:
        """Run a container for a Ray node, with KubeRay's sample mounted."""
        options = replace(options, network=self.network, files={SAMPLE: _CODE})
        with self._create(command, Limits(memory=_RAY_MEMORY), options) as container:
            start(container)
            yield container

    def get(self, host: str, port: int, path: str, seconds: float, token: str = "") -> tuple[int, str]:
        """Send a GET, with a token if there is one, from a different container. Returns the HTTP status and the body.

        Without an answer the status is 0, and the body is the client's message.
        """
        command = ["/bin/bash", "-c", _GET, "bash", host, str(port), path, channel.PATH, token]
        ended, text = self.run_for_answer(command, seconds)
        head, _, body = text.partition("\r\n\r\n")
        fields = head.split()
        if ended.status or len(fields) < 2 or not fields[1].isdecimal():
            return 0, _last(ended.err) if ended.in_time else f"no answer within {seconds:g} s"
        return int(fields[1]), body

    @contextmanager
    def _create(self, command: Sequence[str], limits: Limits, options: ContainerOptions) -> Iterator[Container]:
        options = replace(
            options,
            user=options.user or self.user,
            read_only_with=options.read_only_with or self.read_only_with,
        )
        with create_container(self.client, self.image.id, command, limits, options) as container:
            if self.halted.is_set():
                raise NotCheckedError("the run was stopped")
            yield container


@dataclass(frozen=True, kw_only=True)
class TestCluster:
    """A head that a command of KubeRay started.

    Attributes:
        bench: the image under test.
        release: the release of KubeRay.
        head: the container of the head.
        token: the token that it requires; empty if it requires none.
    """

    bench: Bench
    release: KubeRayRelease
    head: Container
    token: str = ""

    @property
    def address(self) -> str:
        """The head's name on the run's network."""
        return str(self.head.name)

    @property
    def authentication(self) -> dict[str, str]:
        """The variables with the token, which KubeRay gives each of its containers; none without a token."""
        return _authentication(self.token)

    def get(self, path: str, seconds: float, token: str | None = None) -> tuple[int, str]:
        """Send a GET to the dashboard as the operator does, with this token (default: the cluster's).

        Returns what Bench.get returns.
        """
        sent = self.token if token is None else token
        return self.bench.get(self.address, DASHBOARD_PORT, path, seconds, sent)


@contextmanager
def cluster(bench: Bench, release: KubeRayRelease, token: str = "") -> Iterator[TestCluster]:
    """Start a head with this KubeRay's command, and with a token if there is one, without waiting for it."""
    options = ContainerOptions(environment={**bench.kuberay.variables(), **_authentication(token)})
    with bench.node(release.command(release.head), options) as head:
        yield TestCluster(bench=bench, release=release, head=head, token=token)


def _authentication(token: str) -> dict[str, str]:
    return tokens.environment(token) if token else {}


def require_success(ended: CommandResult, what: str, consequence: str) -> str:
    """The stdout of a command.

    Raises BrokenError, with how it ended and the consequence, if it failed.
    """
    if ended.status == 0 and ended.in_time:
        return ended.out.strip()
    raise BrokenError(f"{what} {describe_failure(ended)}: {consequence}")


def describe_failure(ended: CommandResult) -> str:
    """How a failed command ended."""
    if ended.out_of_memory:
        return "was killed because it used up its memory"
    if not ended.in_time:
        return "did not end in time"
    return f"ended with exit status {ended.status} ({_last(ended.err, ended.out)})"


def _last(*texts: str) -> str:
    return last_line(*texts) or "no output"
