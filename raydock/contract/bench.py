"""Where an image is asked: its configuration, a network of the run's own, and containers like KubeRay's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from threading import Event

from docker import DockerClient
from docker.models.containers import Container

from raydock.contract.answer import BrokenError, UnaskedError
from raydock.contract.kuberay import KubeRayContract, KubeRayRelease, Share
from raydock.engine import channel
from raydock.engine.client import without_limits
from raydock.engine.container import (
    CommandResult,
    ContainerOptions,
    Limits,
    create_container,
    run_to_end,
    start,
    stop_all,
)
from raydock.engine.inspect import inspect
from raydock.engine.streams import last_line
from raydock.model.image import ContainerImage

SAMPLE = PurePosixPath("/home/ray/samples/sample_code.py")
SAMPLE_SAYS = "raydock sample 14"
_CODE = f"""import ray
ray.init()

@ray.remote
def square(n):
    return n * n

print("{SAMPLE_SAYS.rpartition(" ")[0]}", sum(ray.get([square.remote(n) for n in range(4)])))
"""
# An HTTP client in bash, so that nothing but bash is asked of the image by this. The dashboard of Ray 2.49 answers 500
# to who does not say what he is, as KubeRay does.
_GET = rf"""exec 3<>"/dev/tcp/$1/$2" &&
printf 'GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: Go-http-client/1.1\r\n\r\n' "$3" "$1" >&3 &&
cat <&3 > {channel.PATH}"""
_RAY_MEMORY = 3 * 2**30  # Ray's object store, 30 % of it, fits into 1 GiB of /dev/shm


@dataclass(frozen=True, kw_only=True)
class ClauseTimeouts:
    """Seconds: for `ray start`, for a started head's first answer, for a job, for any other command."""

    start: float = 90.0
    answer: float = 45.0
    job: float = 90.0
    command: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How a command ended that answers by channel.PATH, and what it wrote there."""

    ended: CommandResult
    text: str


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One image under the contract. `tag` is what the user calls it; `halted` is set where the run is to end.

    `unlimited`: why the engine enforces no limits, so that nothing can be said of a share of a machine.
    """

    client: DockerClient
    image: ContainerImage
    tag: str
    network: str
    kuberay: KubeRayContract
    patience: ClauseTimeouts = ClauseTimeouts()
    unlimited: str = ""
    halted: Event = field(default_factory=Event)

    @classmethod
    def of(
        cls,
        client: DockerClient,
        image: str,
        tag: str,
        network: str,
        *,
        kuberay: KubeRayContract,
        patience: ClauseTimeouts,
    ) -> "Bench":
        """A bench for an image (a tag or an id).

        Raises VariantError where the engine does not hold it.
        """
        found = inspect(client, image, f"`docker pull {image}`, or build it: `./build.py build`.")
        return cls(
            client=client,
            image=found,
            tag=tag,
            network=network,
            kuberay=kuberay,
            patience=patience,
            unlimited=without_limits(client.info()),
        )

    def halt(self) -> None:
        """Ends what runs and lets nothing begin any more."""
        self.halted.set()
        stop_all(self.client)

    def run(self, command: Sequence[str], share: Share | None = None, seconds: float | None = None) -> CommandResult:
        """A command's end in a container of its own, within a share of the machine and at most `seconds`.

        Raises UnaskedError if the engine cannot give out shares.
        """
        if share and self.unlimited:
            raise UnaskedError(f"of this engine it cannot be asked: {self.unlimited}")
        limits = Limits(memory=share.memory if share else _RAY_MEMORY)
        options = ContainerOptions(network=self.network, cpus=share.cpus if share else 0.0)
        with self._create(command, limits, options) as container:
            return run_to_end(container, lambda _: None, seconds or self.patience.command)

    def ask(
        self,
        command: Sequence[str],
        seconds: float | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> "Reply":
        """What a command in a container of its own writes into channel.PATH, within `seconds`.

        `files`: what else the container has, by path.
        """
        options = ContainerOptions(network=self.network, archive=channel.archive(files), environment=environment or {})
        with self._create(command, Limits(memory=_RAY_MEMORY), options) as container:
            ended = run_to_end(container, lambda _: None, seconds or self.patience.command)
            return Reply(ended=ended, text=channel.read(container))

    @contextmanager
    def node(self, command: Sequence[str], options: ContainerOptions) -> Iterator[Container]:
        """A running container for a Ray node, on the run's network and with KubeRay's sample mounted."""
        options = replace(options, network=self.network, files={SAMPLE: _CODE})
        with self._create(command, Limits(memory=_RAY_MEMORY), options) as container:
            start(container)
            yield container

    def get(self, host: str, port: int, path: str, seconds: float) -> tuple[int, str]:
        """HTTP status and body of a GET from another container; status 0 and the client's words without an answer."""
        reply = self.ask(["/bin/bash", "-c", _GET, "bash", host, str(port), path], seconds)
        head, _, body = reply.text.partition("\r\n\r\n")
        words = head.split()
        if reply.ended.status or len(words) < 2 or not words[1].isdecimal():
            return 0, _last(reply.ended.err) if reply.ended.in_time else f"no answer within {seconds:g} s"
        return int(words[1]), body

    @contextmanager
    def _create(self, command: Sequence[str], limits: Limits, options: ContainerOptions) -> Iterator[Container]:
        with create_container(self.client, self.image.id, command, limits, options) as container:
            if self.halted.is_set():
                raise UnaskedError("the run was ended")
            yield container


@dataclass(frozen=True, kw_only=True)
class TestCluster:
    """A head that one KubeRay's command started."""

    bench: Bench
    release: KubeRayRelease
    head: Container

    @property
    def address(self) -> str:
        """The head's name on the run's network."""
        return str(self.head.name)


@contextmanager
def cluster(bench: Bench, release: KubeRayRelease) -> Iterator[TestCluster]:
    """The head that this KubeRay starts in a bench's image, not awaited yet."""
    options = ContainerOptions(environment=bench.kuberay.variables())
    with bench.node(release.command(release.head), options) as head:
        yield TestCluster(bench=bench, release=release, head=head)


def require(ended: CommandResult, what: str, consequence: str) -> str:
    """What a command said.

    Raises BrokenError, with how it ended and the consequence, where it did not succeed.
    """
    if ended.status == 0 and ended.in_time:
        return ended.out.strip()
    raise BrokenError(f"{what} {how(ended)}: {consequence}")


def how(ended: CommandResult) -> str:
    """How a command ended that failed."""
    if ended.out_of_memory:
        return "was killed for its memory"
    if not ended.in_time:
        return "did not end in time"
    return f"ended with exit status {ended.status} ({_last(ended.err, ended.out)})"


def _last(*texts: str) -> str:
    return last_line(*texts) or "no words"
