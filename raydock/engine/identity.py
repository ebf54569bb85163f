"""What an image is, whichever image store or registry holds it.

An image has the digests of its configuration, of its manifest and, if it has one, of an index. The engine's store
decides which of them is the id: overlay2 takes the configuration's; containerd's image store, the default of Docker 29,
takes that of the manifest or index. The same image has different manifests on two stores if they compress its layers in
different ways, and no API of the engine tells the configuration's digest with containerd's store (read in moby 26.1 and
28.5, 2026-11-29). So images are compared by what both stores tell: platform, run configuration and unpacked layers.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What the engine and an image's configuration (OCI image specification 1.1, and Docker's additions) both call so.
_RUN_CONFIGURATION = (
    *("User", "Env", "Entrypoint", "Cmd", "WorkingDir", "Labels"),
    *("ExposedPorts", "Volumes", "StopSignal", "Healthcheck", "OnBuild"),
)


@dataclass(frozen=True, kw_only=True)
class ImageIdentity:
    """The digests of one image.

    Attributes:
        digests: every digest that is known to name it: the engine's id; the configuration's, manifest's or index's.
        content: the digest of its platform, run configuration and layers; equal on every store and registry.
        layers: the digests of its unpacked layers (diff ids), the lowest first.
    """

    digests: frozenset[str]
    content: str
    layers: tuple[str, ...]

    def is_same(self, other: "ImageIdentity") -> bool:
        """Whether both are the same image."""
        return self.content == other.content


def of_inspected(document: Mapping[str, Any]) -> ImageIdentity:
    """Identify the image that an engine's answer to `inspect` describes."""
    pushed = (name.rpartition("@")[2] for name in document.get("RepoDigests") or ())
    return _identity(
        {str(document["Id"]), *pushed},
        (document.get("Os", ""), document.get("Architecture", "")),
        document.get("Config") or {},
        (document.get("RootFS") or {}).get("Layers") or (),
    )


def of_configuration(data: bytes, digests: set[str]) -> ImageIdentity:
    """Identify the image with this configuration (`data`, JSON), which a registry knows by `digests`.

    Raises ValueError, KeyError, TypeError or AttributeError if `data` is not an image's configuration.
    """
    document = json.loads(data)
    platform = document.get("os", ""), document["architecture"]
    return _identity(digests, platform, document.get("config") or {}, document["rootfs"].get("diff_ids") or ())


def _identity(
    digests: set[str], platform: tuple[str, str], configuration: Mapping[str, Any], layers: tuple[str, ...] | list[str]
) -> ImageIdentity:
    run = {name: configuration[name] for name in _RUN_CONFIGURATION if configuration.get(name)}
    parts = json.dumps({"platform": platform, "run": run, "layers": layers}, sort_keys=True)
    content = f"sha256:{hashlib.sha256(parts.encode()).hexdigest()}"
    return ImageIdentity(digests=frozenset(digests), content=content, layers=tuple(layers))
