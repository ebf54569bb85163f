"""A kubelet's work on one pod: init containers in sequence, then the other containers, then probes on schedule."""

import threading
import time
import urllib.request
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from docker.errors import APIError, NotFound
from docker.models.containers import Container as Running

from raydock.engine.container import run_to_end, start
from tests.support.kuberay.node import Node
from tests.support.kuberay.objects import Container, Pod, Probe

_INIT_SECONDS = 180.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a probe.

    Attributes:
        passed: whether the probe passed.
        at: the time in seconds since the container's start.
        seconds: how long the probe took.
        detail: the output.
    """

    passed: bool
    at: float
    seconds: float
    detail: str


@dataclass(kw_only=True)
class Probing:
    """A container's probe and its answers so far.

    Attributes:
        container: the container's name.
        kind: readiness or liveness.
        probe: the probe.
        answers: the answers, oldest first.
    """

    container: str
    kind: str
    probe: Probe
    answers: list[Answer] = field(default_factory=list)

    def verdict(self, before: bool) -> bool:
        """Return whether the container passes by its thresholds; `before` is the previous state."""
        streak = 0
        for answer in reversed(self.answers):
            if answer.passed != self.answers[-1].passed:
                break
            streak += 1
        if not self.answers:
            return before
        threshold = self.probe.success_threshold if self.answers[-1].passed else self.probe.failure_threshold
        return self.answers[-1].passed if streak >= threshold else before


class PodRun:
    """A pod that runs in its own thread."""

    def __init__(self, node: Node, pod: Pod) -> None:
        self.node, self.pod = node, pod
        self.sandbox: Running = None
        self.running: dict[str, Running] = {}
        self.probings: list[Probing] = []
        self.error = ""
        self._ready: dict[str, bool] = {container.name: container.readiness is None for container in pod.containers}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True)]
        node.on_exit.callback(self.stop)
        self._threads[0].start()

    @property
    def ready(self) -> bool:
        """Whether all containers run and pass their readiness probes."""
        return not self.error and bool(self.running) and all(self._ready.values())

    @property
    def address(self) -> str:
        """The pod's address."""
        return self.node.address(self.sandbox)

    def stop(self) -> None:
        """End its probes and remove it, also containers that its thread is creating."""
        self._stop.set()
        self.node.delete(self.pod)
        for thread in self._threads:
            thread.join(30)
        self.node.delete(self.pod)

    def logs(self) -> str:
        """Return the end of each container's log, for the message of a failed test."""
        logs = [
            f"--- {container.name}\n{container.logs(tail=40).decode(errors='replace')}"
            for container in self.node.containers(self.pod.name)
        ]
        return "\n".join(logs)

    def check(self) -> None:
        """Raise AssertionError, with the containers' logs, if the pod failed or its first container ended."""
        if ray := self.running.get(self.pod.containers[0].name):
            ray.reload()
            state = ray.attrs["State"]
            assert state["Running"], f"{ray.name} ended: {state}\n{self.logs()}"
        assert not self.error, f"{self.pod.name}: {self.error}\n{self.logs()}"

    def _run(self) -> None:
        try:
            self._begin()
        except (AssertionError, APIError) as error:
            if not self._stop.is_set():
                self.error = str(error)

    def _begin(self) -> None:
        self.sandbox = self.node.sandbox(self.pod, self.pod.services)
        for container in self.pod.init:
            ended = run_to_end(self.node.create(self.pod, self.sandbox, container), lambda _: None, _INIT_SECONDS)
            why = (
                "out of memory" if ended.out_of_memory else "too late" if not ended.in_time else f"exit {ended.status}"
            )
            assert ended.status == 0, f"{container.name}: {why}: {ended.out}{ended.err}"
        running = {
            container.name: self.node.create(self.pod, self.sandbox, container) for container in self.pod.containers
        }
        for container in self.pod.containers:
            start(running[container.name])
            self._probe(container, running[container.name])
        self.running = running

    def _probe(self, container: Container, running: Running) -> None:
        for kind, probe in (("readiness", container.readiness), ("liveness", container.liveness)):
            if probe:
                probing = Probing(container=container.name, kind=kind, probe=probe)
                self.probings.append(probing)
                self._threads.append(threading.Thread(target=self._run_probe, args=(probing, running), daemon=True))
                self._threads[-1].start()

    def _run_probe(self, probing: Probing, running: Running) -> None:
        begun = time.monotonic()
        alive = True
        wait = float(probing.probe.initial_delay)
        while not self._stop.wait(wait):
            started = time.monotonic()
            passed, detail = self._check(probing.probe, running)
            now = time.monotonic()
            if self._stop.is_set():
                return
            probing.answers.append(Answer(passed=passed, at=now - begun, seconds=now - started, detail=detail))
            if probing.kind == "readiness":
                self._ready[probing.container] = probing.verdict(self._ready[probing.container])
            else:
                alive = probing.verdict(alive)
                self.error = self.error if alive else f"{probing.container} would be restarted: {detail}"
            wait = max(0.0, probing.probe.period - (now - started))

    def _check(self, probe: Probe, running: Running) -> tuple[bool, str]:
        if not probe.command:
            return get(f"http://{self.address}:{probe.port}/{probe.path}", probe.timeout)
        answers: SimpleQueue[tuple[bool, str]] = SimpleQueue()
        threading.Thread(target=lambda: answers.put(_execute(running, probe.command)), daemon=True).start()
        try:
            return answers.get(timeout=probe.timeout)
        except Empty:
            return False, f"no answer in {probe.timeout} s"


def get(url: str, seconds: float) -> tuple[bool, str]:
    """Send a GET as an httpGet probe does, and return whether it succeeds, with the answer."""
    try:
        with _DIRECT.open(url, timeout=seconds) as answer:
            return True, answer.read(200).decode(errors="replace")
    except OSError as error:
        return False, str(error)


def _execute(running: Running, command: tuple[str, ...]) -> tuple[bool, str]:
    try:
        code, output = running.exec_run(list(command))
    except (APIError, NotFound) as error:
        return False, str(error)
    return code == 0, output.decode(errors="replace")
