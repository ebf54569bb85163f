"""The last step of `gpu-vllm` in a real Ray Serve, with a fake vllm."""

import io
import json
import tarfile
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from raydock.smoke.foreign_image import copied_probe

pytestmark = pytest.mark.engine

_VLLM = """
class SamplingParams:
    def __init__(self, max_tokens, ignore_eos, temperature, top_p=1.0):
        self.max_tokens, self.temperature = max_tokens, temperature

class Output:
    def __init__(self, count):
        self.outputs, self.token_ids = [self], list(range(count))

class LLM:
    def __init__(self, model):
        print("[16, 16]", flush=True)  # vllm logs to stdout

    def generate(self, prompts, parameters):
        print("sampled" if parameters.temperature else "greedy", flush=True)
        return [Output(parameters.max_tokens) for _ in prompts]
"""
_RUN = f"""
import os, pathlib, runpy, sys
pathlib.Path("/tmp/fake").mkdir()
pathlib.Path("/tmp/fake/vllm.py").write_text({_VLLM!r})
pathlib.Path("/tmp/rd").mkdir()
os.environ["PYTHONPATH"], os.environ["RAYDOCK_ANSWER"] = "/tmp/fake", "/tmp/answer.json"
import ray
init = ray.init
ray.init = lambda **more: init(num_gpus=1, num_cpus=2, **more)
samplings = ['{{"temperature": 0.0}}', '{{"temperature": 0.8, "top_p": 0.9}}']
sys.argv = ["vllm_serve.py", "/tmp/model", "16", "/tmp/rd", "23456", *samplings]
runpy.run_path("/raydock/probe/gpu/vllm_serve.py", run_name="__main__")
"""


def _read(container: Container, path: str) -> Any:
    chunks, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        [member] = archive.getmembers()
        file = archive.extractfile(member)
        assert file
        return json.load(file)


def test_a_deployment_answers_over_http_and_ends(client: docker.DockerClient, image: str) -> None:
    container = client.containers.create(
        image, ["-c", _RUN], entrypoint=["/opt/venv/bin/python"], network_mode="none", shm_size=2**30
    )
    try:
        container.put_archive("/", copied_probe(image, "python").archive)
        container.start()
        status = container.wait(timeout=120)["StatusCode"]
        assert status == 0, container.logs().decode()[-2000:]
        answer = _read(container, "/tmp/answer.json")
        assert answer["answers"] == [{"tokens": 16}] * 2
        assert 0 < answer["ready"] < answer["answered"]
        assert "sampled" in container.logs().decode()  # what the deployment prints reaches the program's output
    finally:
        container.remove(force=True)
