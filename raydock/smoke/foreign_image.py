"""GPU checks of any image, with a copy of the probe and the image's Python."""

import json
from collections.abc import Mapping, Sequence
from functools import partial

from docker import DockerClient

from raydock.builder.recipe import IMAGE_SCHEMA, probe_files
from raydock.core.archive import folders_of, tar
from raydock.core.events import Listener, silent
from raydock.engine.client import reaching
from raydock.engine.container import ContainerOptions, Grant
from raydock.engine.localimage import inspect
from raydock.model.report import Check, Report
from raydock.probe.catalogue import DRIVER
from raydock.smoke import gpus
from raydock.smoke.gpus import GpuRequest
from raydock.smoke.probe_client import OWN, Probe, run_probe

FOLDER = "raydock"
PYTHON = "python3"


def smoke(
    client: DockerClient,
    image: str,
    *,
    request: GpuRequest,
    python: str | None = None,
    volumes: Mapping[str, str] | None = None,
    checks: Sequence[str] = (),
    on_event: Listener = silent,
) -> Report:
    """Run the GPU checks on any image (a tag or an id), for its packages.

    `python`: the path of the Python that runs the probe (default: `python3` on its PATH; images of raydock use their
    own probe); `volumes`: folders of the engine's host by their path in the image, read-only; `checks`: only these.
    Raises VariantError if the engine lacks the image, the image lacks the Python, or the probe fails.
    """
    with reaching(f"testing {image}"):
        configuration = inspect(client, image, f"`docker pull {image}`.")
        is_own = python is None and bool(configuration.fingerprint)
        probe = OWN if is_own else copied_probe(image, python or PYTHON)

        def run_checks(grant: Grant) -> dict[str, Check]:
            options = ContainerOptions(grant=grant, mounts=volumes or {})
            on_line = partial(on_event, image)
            return run_probe(client, image, checks, on_line, gpus.LIMITS, options=options, probe=probe).checks

        answers = gpus.run_on_gpus(gpus.find_grant(client, request), request, checks or (DRIVER.id,), run_checks)
    return Report(
        name=image,
        image_id=configuration.id,
        content=configuration.content,
        fingerprint="",
        checks=tuple(answers.values()),
    )


def copied_probe(image: str, python: str) -> Probe:
    """A copy of this raydock's probe, for a foreign image with this Python."""
    description = json.dumps({"schema": IMAGE_SCHEMA, "name": image, "stranger": True}).encode()
    files = {f"{FOLDER}/{path}": data for path, data in {**probe_files(), "image.json": description}.items()}
    # -I: PYTHON* variables of the image must not change the results.
    return Probe(command=(python, "-I", f"/{FOLDER}/probe"), archive=tar(files, folders=folders_of(files)))
