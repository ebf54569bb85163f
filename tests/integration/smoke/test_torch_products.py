"""The bounds of `gpu-torch` hold for a CPU, not for one wrong element."""

import json

import docker
import pytest
from docker.errors import ImageNotFound

from raydock.model import matrix
from raydock.smoke.foreign_image import copied_probe
from tests.support.toy import ROOT

pytestmark = pytest.mark.engine

IMAGE = "ray2.60.0-torch2.13.0-py311-cu130"
_MEASURE = """
import importlib, json, sys, types
sys.path.insert(0, "/raydock")
import torch
products = importlib.import_module("probe.gpu.products")
right = {name: products.difference(torch, "cpu", name, 1) / products.BOUNDS[name] for name in ("bf16", "fp32")}

class Wrong(torch.Tensor):
    def __matmul__(self, other):
        product = super().__matmul__(other)
        if self.dtype != torch.float64:
            product[3, 5] = 0
        return product

randn = torch.randn
torch.randn = lambda *size, **more: randn(*size, **more).as_subclass(Wrong)
wrong = {name: products.difference(torch, "cpu", name, 1) / products.BOUNDS[name] for name in ("bf16", "fp32")}
print(json.dumps([right, wrong]))
"""


@pytest.fixture(scope="module")
def torch_image(client: docker.DockerClient) -> str:
    tag = f"{matrix.load(ROOT / 'matrix.yaml').registry}:{IMAGE}"
    try:
        return str(client.images.get(tag).id)
    except ImageNotFound:
        pytest.skip(f"{IMAGE} is not built on this engine: `./build.py build {IMAGE}`, 5.7 GB")


def test_a_correct_product_is_within_its_bound_and_one_wrong_element_is_not(
    client: docker.DockerClient, torch_image: str
) -> None:
    container = client.containers.create(
        torch_image, ["-c", _MEASURE], entrypoint=["/opt/venv/bin/python"], network_mode="none"
    )
    try:
        container.put_archive("/", copied_probe(IMAGE, "python").archive)
        container.start()
        status = container.wait(timeout=90)["StatusCode"]
        assert status == 0, container.logs().decode()[-2000:]
        right, wrong = json.loads(container.logs(stderr=False))
    finally:
        container.remove(force=True)
    assert all(0 < share < 1 for share in right.values()), right
    assert all(share > 1 for share in wrong.values()), wrong
