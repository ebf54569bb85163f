"""Smoke tests on a real engine: a correct image, and images with one fault."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import docker
import pytest

from raydock.core.errors import VariantError
from raydock.core.events import Span
from raydock.engine import cleanup
from raydock.engine.cleanup import LABEL, RUN, RUN_LABEL, stop_all
from raydock.engine.container import Limits, create_container
from raydock.engine.localimage import inspect
from raydock.model.report import Check, Report, Status
from raydock.model.variant import parse_name
from raydock.smoke.smoke import check_ids, smoke

pytestmark = pytest.mark.engine

Derive = Callable[..., str]
ROOT = Path(__file__).parents[3]
LAUNCHER = "/usr/local/bin/raydock-probe"


def _launcher(*lines: str) -> str:
    """A Dockerfile line that replaces the probe by a script with these lines."""
    words = " ".join(f"'{line}'" for line in ("#!/bin/sh", *lines))
    return f"RUN printf '%s\\n' {words} > {LAUNCHER}"


@pytest.fixture(scope="module")
def name(client: docker.DockerClient, image: str) -> str:
    return inspect(client, image).labels.values["org.opencontainers.image.version"]


@pytest.fixture(scope="module")
def report(client: docker.DockerClient, image: str, name: str) -> Report:
    return smoke(client, image, name=name, fingerprint="f" * 64)


def _containers(client: docker.DockerClient, run: str = RUN) -> list[str]:
    return [found["Id"] for found in client.api.containers(all=True, filters={"label": f"{RUN_LABEL}={run}"})]


def _await_container(client: docker.DockerClient, run: str = RUN) -> None:
    deadline = time.monotonic() + 30
    while not client.api.containers(filters={"label": [f"{RUN_LABEL}={run}", LABEL]}):
        assert time.monotonic() < deadline, "no container was started"
        time.sleep(0.05)


def _run_check(client: docker.DockerClient, image: str, name: str, check: str, limits: Limits | None = None) -> Check:
    found = smoke(client, image, name=name, fingerprint="f", checks=[check], limits=limits or Limits())
    assert _containers(client) == []
    [answer] = found.checks
    return answer


def test_a_correct_image_passes_every_check(client: docker.DockerClient, report: Report, image: str, name: str) -> None:
    assert [check.id for check in report.checks] == list(check_ids(parse_name(name)))
    assert [check for check in report.checks if check.status is not Status.PASSED] == []
    assert report.image_id == inspect(client, image).id
    assert _containers(client) == []


def test_ray_and_cold_share_kuberays_head(client: docker.DockerClient, derive: Derive, name: str) -> None:
    """`ray start` of this image fails with different options, and if it runs twice."""
    options = "('--dashboard-agent-listen-port=52365' in sys.argv or sys.exit(9))"
    strict = f"'start' in sys.argv and {options} and open('/tmp/started', 'x')"
    found = smoke(
        client,
        derive(f'RUN sed -i "4i {strict}" /opt/venv/bin/ray'),
        name=name,
        fingerprint="f",
        checks=["ray", "cold"],
    )
    ray, cold = found.checks
    assert (ray.status, cold.status) == (Status.PASSED, Status.PASSED), found.checks
    assert 1 < cold.seconds < ray.seconds + 1


def test_the_probe_gives_the_same_answers_by_hand(client: docker.DockerClient, report: Report, image: str) -> None:
    output = client.containers.run(image, ["raydock-probe", "--json"], remove=True, shm_size="1g", labels=[LABEL])
    answers = {check["id"]: check["status"] for check in json.loads(output)["checks"]}
    assert {**answers, "cold": "passed"} == {check.id: check.status.value for check in report.checks}


def test_an_arbitrary_user_of_group_0_passes(client: docker.DockerClient, derive: Derive, name: str) -> None:
    arbitrary = derive(user="1000710000:0")
    for check in ("user", "ray"):
        answer = _run_check(client, arbitrary, name, check)
        assert answer.status is Status.PASSED, answer.detail


FAULTS = {
    "shells": ("RUN echo PATH=/usr/bin:/bin > /etc/profile.d/zz.sh", "`bash -lc"),
    "user": ("ENV RAY_ADDRESS=10.0.0.1:6379", "RAY_ADDRESS is set in the image's environment"),
    "versions": ("LABEL io.ray.ray-version=1.0.0", "the label io.ray.ray-version says '1.0.0'"),
    "lock": ("RUN rm -r /opt/venv/lib/python*/site-packages/virtualenv-*", "is locked but not installed"),
    "imports": ("RUN rm -r /opt/venv/lib/python*/site-packages/ray/serve", "import ray.serve: ModuleNotFoundError"),
}


def test_each_fault_fails_its_own_check(client: docker.DockerClient, derive: Derive, name: str) -> None:
    broken = derive(*(line for line, _ in FAULTS.values()))
    found = smoke(client, broken, name=name, fingerprint="f", checks=list(FAULTS))
    assert _containers(client) == []
    for answer in found.checks:
        assert answer.status is Status.FAILED, answer
        assert FAULTS[answer.id][1] in answer.detail


def test_a_missing_library_fails(client: docker.DockerClient, derive: Derive, name: str) -> None:
    line = "RUN rm $(find /opt/venv -path '*.libs/*.so*' | head -1)"
    answer = _run_check(client, derive(line), name, "libs")
    assert answer.status is Status.FAILED
    assert "not found" in answer.detail


def test_root_fails(client: docker.DockerClient, derive: Derive, name: str) -> None:
    answer = _run_check(client, derive(user="0"), name, "user")
    assert answer.status is Status.FAILED
    assert "runs as uid 0" in answer.detail
    assert "the image's user is '0'" in answer.detail


def test_a_ray_that_cannot_start_fails(client: docker.DockerClient, derive: Derive, name: str) -> None:
    broken = derive("RUN rm /opt/venv/lib/python*/site-packages/ray/core/src/ray/gcs/gcs_server")
    answer = _run_check(client, broken, name, "ray")
    assert answer.status is Status.FAILED
    assert "`ray start` ended with exit status" in answer.detail
    answer = _run_check(client, broken, name, "cold")
    assert answer.status is Status.FAILED
    assert answer.detail.startswith("no Ray head answered: `ray start` ended with exit status")


def test_a_missing_image_and_a_missing_probe_are_errors(client: docker.DockerClient, derive: Derive, name: str) -> None:
    with pytest.raises(VariantError, match="the engine has no image"):
        smoke(client, "localhost:5000/raydock:gone", name=name, fingerprint="f")
    with pytest.raises(VariantError, match="has no `raydock-probe`"):
        smoke(client, derive(f"RUN rm {LAUNCHER}"), name=name, fingerprint="f")
    assert _containers(client) == []


@pytest.mark.parametrize(
    ("entrypoint", "message"),
    [
        ('["/bin/echo"]', "The image's ENTRYPOINT `/bin/echo` started it, as it starts every command of a user."),
        ('["/bin/sh", "-c", "exit 3"]', "ended with exit status 3 and without an answer"),
        ('["/missing"]', "has no `/missing`"),
    ],
)
def test_an_entrypoint_that_runs_no_command_is_detected(
    client: docker.DockerClient, derive: Derive, name: str, entrypoint: str, message: str
) -> None:
    with pytest.raises(VariantError) as caught:
        smoke(client, derive(f"ENTRYPOINT {entrypoint}"), name=name, fingerprint="f", checks=["user"])
    assert message in str(caught.value)
    assert _containers(client) == []


def test_an_entrypoint_that_runs_the_command_passes(client: docker.DockerClient, derive: Derive, name: str) -> None:
    answer = _run_check(client, derive('ENTRYPOINT ["/usr/bin/env", "OWN=1"]'), name, "user")
    assert answer.status is Status.PASSED, answer.detail


def test_a_probe_that_hangs_is_stopped(client: docker.DockerClient, derive: Derive, name: str) -> None:
    with pytest.raises(VariantError) as caught:
        smoke(client, derive(_launcher("exec sleep 600")), name=name, fingerprint="f", limits=Limits(probe=2))
    assert caught.value.meaning == "It was stopped after 2 s."
    assert _containers(client) == []


def test_a_probe_out_of_memory_is_reported(client: docker.DockerClient, derive: Derive, name: str) -> None:
    hungry = derive(_launcher('exec /opt/venv/bin/python -c "bytearray(10**9)"'))
    with pytest.raises(VariantError) as caught:
        smoke(client, hungry, name=name, fingerprint="f", limits=Limits(memory=64 * 2**20))
    assert "exit status 137" in caught.value.what
    assert caught.value.meaning == "The container used up its 0.0625 GiB of memory."
    assert _containers(client) == []


def test_a_check_out_of_memory_is_that_checks_failure(client: docker.DockerClient, derive: Derive, name: str) -> None:
    folder = "/opt/venv/lib/python3.11/site-packages/ray"
    hungry = derive(f"RUN rm -r {folder}/__pycache__ && echo 'bytearray(10**9)' > {folder}/__init__.py")
    answer = _run_check(client, hungry, name, "versions", Limits(memory=128 * 2**20))
    assert answer.status is Status.FAILED
    assert "killed by SIGKILL (out of memory?)" in answer.detail


def test_the_reason_of_a_probe_that_fails_is_reported(client: docker.DockerClient, derive: Derive, name: str) -> None:
    with pytest.raises(VariantError) as caught:
        smoke(client, derive("RUN rm /opt/raydock/image.json"), name=name, fingerprint="f")
    assert "exit status 2" in caught.value.what
    assert "image.json cannot be read" in caught.value.meaning


def test_a_check_without_an_answer_fails(client: docker.DockerClient, derive: Derive, name: str) -> None:
    document = {"schema": 1, "name": name, "python": "3.11.2", "checks": []}
    mute = derive(f"RUN echo '{json.dumps(document)}' > /answer", _launcher("cat /answer"))
    answer = _run_check(client, mute, name, "lock")
    assert (answer.status, answer.detail) == (Status.FAILED, "the image's probe did not answer this check")


def test_progress_is_reported_while_it_runs(client: docker.DockerClient, image: str, name: str) -> None:
    steps: list[tuple[str, str]] = []
    spans: dict[str, Span] = {}

    def listen(
        name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        if ran:
            spans[step] = ran
        else:
            steps.append((name, step))

    before = time.time()

    smoke(
        client,
        image,
        name=name,
        fingerprint="f",
        checks=["user", "lock"],
        on_event=listen,
    )
    assert steps == [(name, "running user, at most 10 s"), (name, "running lock, at most 90 s")]
    user, lock = spans.pop("check user"), spans.pop("check lock")
    assert before < user.began < user.began + user.seconds <= lock.began < lock.began + lock.seconds < time.time()
    assert not spans


_SCRIPT = """
import sys, docker
from raydock.engine import cleanup
from raydock.smoke import smoke
print(cleanup.RUN, flush=True)
smoke.smoke(docker.from_env(), sys.argv[1], name=sys.argv[2], fingerprint="f")
"""


def test_ctrl_c_leaves_no_container(client: docker.DockerClient, derive: Derive, name: str) -> None:
    sleepy = derive(_launcher("exec sleep 600"))
    command = [sys.executable, "-c", _SCRIPT, sleepy, name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        run = process.stdout.readline().strip()
        _await_container(client, run)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in err
    assert _containers(client, run) == []


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """`stop_all` in a test does not end the run of the later tests."""
    monkeypatch.setattr(cleanup, "ENDED", Event())


def test_stop_all_unblocks_the_threads_that_wait(
    client: docker.DockerClient, derive: Derive, name: str, ended: None
) -> None:
    sleepy = derive(_launcher("exec sleep 600"))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(smoke, client, sleepy, name=name, fingerprint="f")
        _await_container(client)
        stop_all(client)
        with pytest.raises(VariantError, match="without an answer"):
            waiting.result(timeout=30)
    assert _containers(client) == []


def test_no_container_is_created_after_stop_all(client: docker.DockerClient, image: str, ended: None) -> None:
    created = Event()

    def create() -> None:
        while True:
            with create_container(client, image, ["true"], Limits()):
                created.set()

    with ThreadPoolExecutor() as pool:
        creating = [pool.submit(create) for _ in range(4)]
        assert created.wait(timeout=30)
        stop_all(client)
        assert _containers(client) == []  # the threads may still be about to create one
        for thread in creating:
            with pytest.raises(KeyboardInterrupt):
                thread.result(timeout=30)
    assert _containers(client) == []
