"""The identity of an image, which is the same in every image store and registry.

An image has the digests of its configuration, of its manifest and, if it has one, of an index. The engine's store
decides which of them is the id: overlay2 takes the configuration's; containerd's image store, the default of Docker 29,
takes that of the manifest or index. The same image has different manifests on two stores if they compress its layers in
different ways, and no API of the engine has the configuration's digest with containerd's store (read in moby 26.1 and
28.5, 2026-11-29). So images are compared by what both stores report: platform, run configuration and unpacked layers.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from raydock.core.files import digest_of
from raydock.engine.architecture import platform
from raydock.model.image import ContainerImage
from raydock.model.labels import ImageLabels

# Keys of both the engine's answer and an image's configuration (OCI image specification 1.1, and Docker's additions).
_RUN_CONFIGURATION = (
    *("User", "Env", "Entrypoint", "Cmd", "WorkingDir", "Labels"),
    *("ExposedPorts", "Volumes", "StopSignal", "Healthcheck", "OnBuild"),
)


def from_inspect(document: Mapping[str, Any]) -> ContainerImage:
    """The image in an engine's answer to `inspect`."""
    references = tuple(document.get("RepoDigests") or ())
    image = _image(
        {str(document["Id"]), *(name.rpartition("@")[2] for name in references)},
        (document.get("Os", ""), document.get("Architecture", "")),
        document.get("Config") or {},
        (document.get("RootFS") or {}).get("Layers") or (),
    )
    return replace(
        image,
        id=document["Id"],
        platform=platform(document),
        tags=tuple(document.get("RepoTags") or ()),
        references=references,
        size=int(document.get("Size") or 0),
    )


def from_configuration(data: bytes, digests: set[str]) -> ContainerImage:
    """The image with this configuration (JSON) and digests in a registry.

    Raises ValueError, KeyError, TypeError or AttributeError if `data` is not an image's configuration.
    """
    document = json.loads(data)
    system = document.get("os", ""), document["architecture"]
    return _image(digests, system, document.get("config") or {}, document["rootfs"].get("diff_ids") or ())


def _image(
    digests: set[str], system: tuple[str, str], configuration: Mapping[str, Any], layers: Iterable[str]
) -> ContainerImage:
    layers = tuple(layers)
    run = {name: configuration[name] for name in _RUN_CONFIGURATION if configuration.get(name)}
    parts = json.dumps({"platform": system, "run": run, "layers": layers}, sort_keys=True)
    return ContainerImage(
        digests=frozenset(digests),
        content=digest_of(parts.encode()),
        layers=layers,
        user=configuration.get("User") or "",
        environment=dict(line.partition("=")[::2] for line in configuration.get("Env") or ()),
        labels=ImageLabels(configuration.get("Labels") or {}),
    )
