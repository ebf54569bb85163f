"""The examples in one container each, mounted as in a manifest and without a network."""

import io
import tarfile
from pathlib import Path

import docker
import pytest

from raydock.deploy.kuberay.code import MOUNT, read
from raydock.engine.container import CommandResult, Limits, create_container, run_to_end
from tests.support.toy import ROOT, Checkout

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

REGISTRY = "localhost:5000/raydock"
TORCH = f"{REGISTRY}:ray2.60.0-torch2.13.0-py311-cu130"
LIMITS = Limits(memory=6 * 2**30)
HEAD = "ray start --head --num-cpus={cpus} --dashboard-host=0.0.0.0 >/dev/null"
# Deploys a RayService's configuration and waits for its applications, as KubeRay does.
SERVE = """
serve deploy serve.yaml --address http://127.0.0.1:8265 >/dev/null
for _ in $(seq 60); do
  running=$(serve status --address http://127.0.0.1:8265 2>/dev/null | grep -c 'status: RUNNING') || true
  [ "$running" != {applications} ] || break
done
"""
POST = """
import sys, urllib.request
answer = urllib.request.urlopen(f"http://127.0.0.1:8000/{sys.argv[1]}", sys.stdin.buffer.read()).read()
print(sys.argv[1], answer.decode())
"""


def run(client: docker.DockerClient, image: str, folders: list[str], script: str) -> CommandResult:
    """Run a script in a container with the files of these examples in MOUNT."""
    files = {name: text for folder in folders for name, text in read(ROOT / "examples" / folder).files.items()}
    files["post.py"] = POST
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{Path(MOUNT).name}/{name}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    command = ["/bin/bash", "-c", f"set -e; cd {MOUNT}; export PYTHONPATH={MOUNT}; {script}"]
    with create_container(client, image, command, LIMITS) as container:
        container.put_archive(str(Path(MOUNT).parent), archive.getvalue())
        return run_to_end(container, lambda _line: None, 200)


def test_a_job_two_applications_and_actors_that_request_cpus(client: docker.DockerClient, image: str) -> None:
    lines = [
        HEAD.format(cpus=2),
        "ray job submit --address http://127.0.0.1:8265 -- python sample_code.py",
        "python scale.py --actors 2",
        SERVE.format(applications=2),
        """echo '["MANGO", 2]' | python post.py fruit; echo '["MUL", 3]' | python post.py calc""",
    ]
    ended = run(client, image, ["job", "autoscaler", "serve"], "\n".join(lines))
    assert ended.status == 0, ended.out + ended.err
    assert "done: 14 words, 1 nodes alive, Ray 2.60.0" in ended.out
    assert "2 actors run on 1 nodes" in ended.out
    assert ended.out.endswith("fruit 6\ncalc 15 pizzas please!\n")


def test_pictures_are_classified_with_torch(client: docker.DockerClient) -> None:
    if not client.images.list(TORCH):
        pytest.skip(f"{TORCH} is not built on this engine")
    pictures = [f"(printf 'P6 2 2 255 '; head -c 12 {file})" for file in ("/etc/passwd", "/etc/passwd", "/bin/bash")]
    lines = [
        *(HEAD.format(cpus=2), SERVE.format(applications=1)),
        *(f"{picture} | python post.py mobilenet" for picture in pictures),
    ]
    ended = run(client, TORCH, ["mobilenet"], "\n".join(lines))
    assert ended.status == 0, ended.out + ended.err
    first, second, different = ended.out.splitlines()
    assert first == second != different
    assert different.count('"score"') == 3


@pytest.mark.long
@pytest.mark.timeout(600)
def test_trees_are_trained_in_the_image_of_their_group(client: docker.DockerClient, checkout: Checkout) -> None:
    done = checkout.run("build", "--group", "xgboost", "--json")
    assert done.code == 0, done.summary
    [name] = done.variants
    ended = run(client, f"{REGISTRY}:{name}", ["xgboost"], f"{HEAD.format(cpus=2)}\npython train.py")
    assert ended.status == 0, ended.out + ended.err
    assert "over 4 folds of 20000 rows" in ended.out


@pytest.mark.long
def test_a_model_is_trained_on_pictures_in_the_image_of_its_group(client: docker.DockerClient) -> None:
    image = f"{TORCH}-raytrain"
    if not client.images.list(image):
        pytest.skip(f"{image} is not built on this engine")
    ended = run(client, image, ["train-fashion"], f"{HEAD.format(cpus=3)}\npython train.py --epochs 2")
    assert ended.status == 0, ended.out + ended.err
    assert "on worker 0 of 2" in ended.out
