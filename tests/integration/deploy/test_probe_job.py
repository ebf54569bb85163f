"""The job of `deploy kuberay --probe` on a real Ray cluster: a head and two workers in a container, one of them broken.

The GPUs are only declared to Ray, as in the other tests of KubeRay; which workers run the probe is real.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import docker
import pytest

from raydock.deploy.kuberay.code import MOUNT
from raydock.deploy.kuberay.resources import PROBE_SCRIPT, probe_code
from raydock.engine.container import ContainerOptions, Limits, create_container, run_to_end

pytestmark = [pytest.mark.engine, pytest.mark.timeout(150)]

# The good worker has two GPUs and the broken one has one, so a job with two GPUs runs on the good one only.
CLUSTER = """
ray start --head --num-cpus=0 --include-dashboard=false --object-store-memory=100000000 > /dev/null
export RAY_ADDRESS=127.0.0.1:6379
join="ray start --address=$RAY_ADDRESS --num-cpus=1 --object-store-memory=100000000"
$join --num-gpus=2 > /dev/null
HOME=/nonexistent $join --num-gpus=1 > /dev/null
"""
JOBS = {
    "good": "--workers 1 --gpus 2 -- --check=user --check=versions",
    "both": "--workers 2 --gpus 1 -- --check=user",
    "more": "--workers 3 --gpus 1 --seconds 2",
}


@dataclass(frozen=True)
class Job:
    """The end of a job.

    Attributes:
        status: the exit status.
        lines: the lines of the output.
    """

    status: int
    lines: list[str]


@pytest.fixture(scope="module")
def jobs(client: docker.DockerClient, image: str) -> dict[str, Job]:
    """The ends of the jobs on one cluster, by name."""
    script = PurePosixPath(MOUNT, PROBE_SCRIPT.name)
    runs = [f"python {script} {arguments} 2>&1; echo END {name} $?" for name, arguments in JOBS.items()]
    files = {PurePosixPath(MOUNT, name): text for name, text in probe_code().files.items()}
    command = ["bash", "-c", "\n".join([CLUSTER, *runs])]
    with create_container(client, image, command, Limits(memory=4 * 2**30), ContainerOptions(files=files)) as container:
        ended = run_to_end(container, lambda _: None, 120)
    parts = re.split(r"^END (\w+) (\d+)\n", ended.out, flags=re.MULTILINE)
    found = zip(parts[0::3], parts[1::3], parts[2::3], strict=False)
    return {name: Job(int(status), output.splitlines()) for output, name, status in found}


def test_the_job_passes_if_every_probed_worker_passes(jobs: dict[str, Job]) -> None:
    assert jobs["good"].status == 0, jobs
    assert jobs["good"].lines[-2].endswith(": passed")
    assert jobs["good"].lines[-1] == "raydock-probe: passed on all 1 workers."


def test_the_job_fails_if_one_worker_fails_and_names_it_with_the_reason(jobs: dict[str, Job]) -> None:
    assert jobs["both"].status == 1, jobs
    passed, failed = sorted(jobs["both"].lines[-3:-1], key=lambda line: "HOME" in line)
    assert passed.endswith(": passed")
    name, _, why = failed.removeprefix("worker ").partition(": ")
    assert why == "user failed: HOME is '/nonexistent', which is not a folder"
    assert jobs["both"].lines[-1] == f"raydock-probe: failed on 1 of 2 workers: {name}."


def test_the_job_fails_if_workers_do_not_join(jobs: dict[str, Job]) -> None:
    assert jobs["more"].status == 1, jobs
    message = "raydock-probe: 2 of 3 workers with 1 GPUs each joined in 2 s; check their pods."
    assert jobs["more"].lines[-1] == message
