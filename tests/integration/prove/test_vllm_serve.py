"""`gpu-vllm`'s last step in a real Ray Serve, with a fake vllm and a GPU that Ray is told of: there are none here."""

import docker
import pytest

from raydock.prove.stranger import brought

pytestmark = pytest.mark.engine

_VLLM = """
class SamplingParams:
    def __init__(self, max_tokens, temperature, ignore_eos):
        self.max_tokens = max_tokens

class Output:
    def __init__(self, count):
        self.outputs, self.token_ids = [self], list(range(count))

class LLM:
    def __init__(self, model, **settings):
        self.model = model

    def generate(self, prompts, parameters):
        return [Output(parameters.max_tokens) for _ in prompts]
"""
_RUN = f"""
import os, pathlib, runpy, sys
pathlib.Path("/tmp/fake").mkdir()
pathlib.Path("/tmp/fake/vllm.py").write_text({_VLLM!r})
pathlib.Path("/tmp/rd").mkdir()
os.environ["PYTHONPATH"] = "/tmp/fake"
import ray
init = ray.init
ray.init = lambda **more: init(num_gpus=1, num_cpus=2, **more)
sys.argv = ["vllm_serve.py", '{{"model": "/tmp/model"}}', "16", "/tmp/rd", "23456"]
runpy.run_path("/raydock/probe/gpu/vllm_serve.py", run_name="__main__")
"""


def test_a_deployment_answers_over_http_and_ends(client: docker.DockerClient, image: str) -> None:
    box = client.containers.create(
        image, ["-c", _RUN], entrypoint=["/opt/venv/bin/python"], network_mode="none", shm_size=2**30
    )
    try:
        box.put_archive("/", brought(image, "python").archive)
        box.start()
        status = box.wait(timeout=120)["StatusCode"]
        assert status == 0, box.logs().decode()[-2000:]
        assert box.logs(stderr=False).decode().splitlines()[-1] == 'raydock-answer: {"tokens": 16}'
    finally:
        box.remove(force=True)
