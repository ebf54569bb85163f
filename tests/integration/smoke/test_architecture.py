"""Images for a different architecture are refused before anything runs."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace

import docker
import pytest

from raydock.contract.run import contract
from raydock.core.errors import VariantError
from raydock.core.events import Span
from raydock.engine.cleanup import RUN, RUN_LABEL
from raydock.engine.localimage import get_image
from raydock.hosts.transfer import transfer
from raydock.model.labels import ImageLabels
from raydock.model.variant import parse_name
from raydock.publish.variant_image import of_image
from raydock.smoke import foreign_image as foreign
from raydock.smoke.gpus import GpuPolicy, GpuRequest
from raydock.smoke.smoke import smoke
from tests.support.toy import ROOT, Checkout

NAME = "ray2.60.0-py311-cpu"
LABELS = {"raydock.fingerprint": "f" * 64, "raydock.min-driver": "", "raydock.sm": "", "raydock.python": "3.11.2"}

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


def _left(client: docker.DockerClient) -> list[str]:
    found = client.api.containers(all=True, filters={"label": [f"{RUN_LABEL}={RUN}"]})
    return [item["Id"] for item in found]


def test_an_image_for_a_different_architecture_is_refused_before_anything_runs(
    client: docker.DockerClient, foreign_image: str
) -> None:
    checks: list[Callable[[], object]] = [
        lambda: contract(client, foreign_image, name=foreign_image, fingerprint=""),
        lambda: foreign.smoke(client, foreign_image, request=GpuRequest(policy=GpuPolicy.REQUIRE)),
        lambda: smoke(client, foreign_image, name=NAME, fingerprint="f"),
    ]
    machine = foreign_image.partition(":")[2]
    for check in checks:
        with pytest.raises(VariantError) as caught:
            check()
        assert caught.value.what.startswith(f"{foreign_image} is for another architecture: it is for linux/{machine},")
    assert _left(client) == []


@pytest.mark.parametrize("options", [("--contract",), ("--gpu", "require"), ("--contract", "--json")])
def test_the_command_line_reports_it_once(checkout: Checkout, foreign_image: str, options: tuple[str, ...]) -> None:
    done = checkout.run("smoke", *options, "--image", foreign_image)
    assert done.code == 1, done.summary
    assert done.err.count("is for another architecture") == 1
    assert "failed" not in done.out + done.err


def test_the_scripts_of_deploy_docker_refuse_it(foreign_image: str) -> None:
    settings = f"name=worker image={foreign_image} found={foreign_image}"
    script = f"set -euo pipefail; {settings}; source {ROOT}/templates/docker/node.sh"
    done = subprocess.run(
        ["/bin/bash", "-c", f"{script}; need_native_image"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 1, done.stderr
    platform = foreign_image.partition(":")[2]
    assert f"{foreign_image} is for a different architecture: it is for {platform}," in done.stderr


def test_it_is_not_sent_to_a_host(client: docker.DockerClient, foreign_image: str) -> None:
    image = replace(get_image(client, foreign_image), labels=ImageLabels(LABELS))
    built = of_image(parse_name(NAME), foreign_image.partition(":")[0], image)
    steps: list[str] = []

    def listen(
        name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
    ) -> None:
        del name, detail, size, ran
        steps.append(step)

    with pytest.raises(VariantError, match="is for another architecture"):
        transfer(client, built, client, listen)
    assert steps == []
