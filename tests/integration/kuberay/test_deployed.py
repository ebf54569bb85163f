"""The manifests of `deploy kuberay`, run as KubeRay would run them."""

from collections.abc import Callable

import pytest

from tests.integration.conftest import IMAGE
from tests.support.kuberay import job
from tests.support.kuberay.manifest import Manifest, parse, with_image
from tests.support.kuberay.node import Node
from tests.support.kuberay.release import RELEASES
from tests.support.kuberay.service import ServiceRun
from tests.support.toy import ROOT, Checkout

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.timeout(240)]

Deployed = Callable[..., Manifest]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def deployed(checkout: Checkout, image: str) -> Deployed:
    """A manifest with these options, its image by digest replaced by the session's."""

    def make(*options: str) -> Manifest:
        digest = f"localhost:5000/raydock@sha256:{'ab' * 32}"
        done = checkout.run("deploy", "kuberay", IMAGE, "--image", digest, *options)
        assert done.code == 0, done.summary
        assert digest in done.out
        return with_image(parse(done.out), image)

    return make


def test_the_job_succeeds_and_leaves_nothing(node: Node, deployed: Deployed) -> None:
    code = ("--code", str(EXAMPLES / "job"), "--entrypoint", "python /home/ray/samples/sample_code.py")
    manifest = deployed("--kuberay", "1.3", "--kind", "rayjob", "--shutdown", "--name", "words", *code)
    with job.run(node, RELEASES["v1.3.0"], manifest) as done:
        assert (done.status, done.tries) == ("SUCCEEDED", 1), done.log
        assert "done: 14 words, 2 nodes alive" in done.log
        assert node.containers() == []
        assert node.volumes() == []


def test_the_probe_runs_on_every_worker(node: Node, deployed: Deployed) -> None:
    manifest = deployed("--kuberay", "1.7", "--kind", "rayjob", "--probe", "--workers", "2", "--name", "probe")
    with job.run(node, RELEASES["v1.7.0"], manifest) as done:
        assert (done.status, done.tries) == ("SUCCEEDED", 1), done.log
        assert done.log.count("): passed") == 2
        assert "raydock-probe: passed on all 2 workers." in done.log


def test_the_service_answers(node: Node, deployed: Deployed) -> None:
    code = ("--code", str(EXAMPLES / "serve"), "--serve-config", str(EXAMPLES / "serve" / "serve.yaml"))
    manifest = deployed("--kuberay", "1.7", "--kind", "rayservice", "--name", "shop", *code)
    with ServiceRun(node, RELEASES["v1.7.0"], manifest) as service:
        service.deploy()
        assert service.call("/calc", ["MUL", 3]) == "15 pizzas please!"
        assert service.call("/fruit", ["MANGO", 2]) == "6"
