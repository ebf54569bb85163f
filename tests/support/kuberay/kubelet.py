"""A kubelet's work on one pod: init containers one after another, then the others, then probes on their schedule."""

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
    """What a probe was answered, `at` seconds after its container's start."""

    passed: bool
    at: float
    seconds: float
    detail: str


@dataclass(kw_only=True)
class Probing:
    """A container's probe and its answers so far."""

    container: str
    kind: str
    probe: Probe
    answers: list[Answer] = field(default_factory=list)

    def verdict(self, before: bool) -> bool:
        """Whether the container passes by its thresholds, where it did or did not before."""
        streak = 0
        for answer in reversed(self.answers):
            if answer.passed != self.answers[-1].passed:
                break
            streak += 1
        if not self.answers:
            return before
        wanted = self.probe.success_threshold if self.answers[-1].passed else self.probe.failure_threshold
        return self.answers[-1].passed if streak >= wanted else before


class PodRun:
    """A pod that is being run in a thread of its own."""

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
        """Ends its probes and removes it, with what its thread may be making meanwhile."""
        self._stop.set()
        self.node.delete(self.pod)
        for thread in self._threads:
            thread.join(30)
        self.node.delete(self.pod)

    def logs(self) -> str:
        """The last that each of its containers said, for a test that fails."""
        said = [
            f"--- {found.name}\n{found.logs(tail=40).decode(errors='replace')}"
            for found in self.node.containers(self.pod.name)
        ]
        return "\n".join(said)

    def check(self) -> None:
        """Raises AssertionError, with the containers' words, where the pod failed or its first container has ended."""
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
        made = {
            container.name: self.node.create(self.pod, self.sandbox, container) for container in self.pod.containers
        }
        for container in self.pod.containers:
            start(made[container.name])
            self._probe(container, made[container.name])
        self.running = made

    def _probe(self, container: Container, running: Running) -> None:
        for kind, probe in (("readiness", container.readiness), ("liveness", container.liveness)):
            if probe:
                probing = Probing(container=container.name, kind=kind, probe=probe)
                self.probings.append(probing)
                self._threads.append(threading.Thread(target=self._ask_on, args=(probing, running), daemon=True))
                self._threads[-1].start()

    def _ask_on(self, probing: Probing, running: Running) -> None:
        begun = time.monotonic()
        alive = True
        wait = float(probing.probe.initial_delay)
        while not self._stop.wait(wait):
            asked = time.monotonic()
            passed, detail = self._ask(probing.probe, running)
            now = time.monotonic()
            if self._stop.is_set():
                return
            probing.answers.append(Answer(passed=passed, at=now - begun, seconds=now - asked, detail=detail))
            if probing.kind == "readiness":
                self._ready[probing.container] = probing.verdict(self._ready[probing.container])
            else:
                alive = probing.verdict(alive)
                self.error = self.error if alive else f"{probing.container} would be restarted: {detail}"
            wait = max(0.0, probing.probe.period - (now - asked))

    def _ask(self, probe: Probe, running: Running) -> tuple[bool, str]:
        if not probe.command:
            return get(f"http://{self.address}:{probe.port}/{probe.path}", probe.timeout)
        answers: SimpleQueue[tuple[bool, str]] = SimpleQueue()
        threading.Thread(target=lambda: answers.put(_execute(running, probe.command)), daemon=True).start()
        try:
            return answers.get(timeout=probe.timeout)
        except Empty:
            return False, f"no answer in {probe.timeout} s"


def get(url: str, seconds: float) -> tuple[bool, str]:
    """Whether a GET succeeds as an httpGet probe does, and what was said."""
    try:
        with _DIRECT.open(url, timeout=seconds) as answer:
            return True, answer.read(200).decode(errors="replace")
    except OSError as error:
        return False, str(error)


def _execute(running: Running, command: tuple[str, ...]) -> tuple[bool, str]:
    try:
        code, said = running.exec_run(list(command))
    except (APIError, NotFound) as error:
        return False, str(error)
    return code == 0, said.decode(errors="replace")
