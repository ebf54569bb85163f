"""Anybody's image, asked on a GPU: the probe is brought to it, and its own Python runs it."""

import json
from collections.abc import Mapping, Sequence

from docker import DockerClient

from raydock.builder.recipe import IMAGE_SCHEMA, probe_files
from raydock.core.events import Listener, silent
from raydock.engine.archive import folders_of, tar
from raydock.engine.client import reaching
from raydock.engine.container import ContainerOptions, Grant
from raydock.engine.inspect import inspect
from raydock.model.image import ContainerImage
from raydock.model.report import Check, Report
from raydock.probe.catalogue import DRIVER
from raydock.smoke import gpus
from raydock.smoke.gpus import GpuRequest
from raydock.smoke.probe_client import OWN, Probe
from raydock.smoke.probe_client import ask as ask_probe

FOLDER = "raydock"
PYTHON = "python3"


def smoke(
    client: DockerClient,
    image: str,
    *,
    wish: GpuRequest,
    python: str | None = None,
    volumes: Mapping[str, str] | None = None,
    checks: Sequence[str] = (),
    on_event: Listener = silent,
) -> Report:
    """Asks an image (a tag or an id), whoever built it, what needs a GPU, as far as its Python has the parts.

    `python`: the path of the Python to ask (`python3` on its PATH; an image of raydock's is asked by its own probe);
    `volumes`: folders of the engine's host by the path at which the image sees them, read-only; `checks`: these only.
    Raises VariantError where there is no such image or Python, or the probe dies.
    """
    with reaching(f"testing {image}"):
        configuration = inspect(client, image, f"`docker pull {image}`.")
        probe = _probe(configuration, image, python)

        def asking(grant: Grant) -> dict[str, Check]:
            options = ContainerOptions(grant=grant, mounts=volumes or {})
            tell = lambda line: on_event(image, line)  # noqa: E731
            return ask_probe(client, image, checks, tell, gpus.LIMITS, options=options, probe=probe).checks

        answers = gpus.ask(client, wish, checks or (DRIVER.id,), asking)
    return Report(
        name=image,
        image_id=configuration.id,
        content=configuration.content,
        fingerprint="",
        checks=tuple(answers.values()),
    )


def _probe(configuration: ContainerImage, image: str, python: str | None) -> Probe:
    if python is None and configuration.fingerprint:
        return OWN
    return brought(image, python or PYTHON)


def brought(image: str, python: str) -> Probe:
    """This raydock's probe, to be put into an image of that name and run by that Python."""
    told = json.dumps({"schema": IMAGE_SCHEMA, "name": image, "stranger": True}).encode()
    files = {f"{FOLDER}/{path}": data for path, data in {**probe_files(), "image.json": told}.items()}
    # -I: what the image sets in PYTHON* must not change what is found out about it.
    return Probe(command=(python, "-I", f"/{FOLDER}/probe"), archive=tar(folders_of(files), files, 0))
