"""A local image with the layers of a pulled base, without its configuration.

A base is built on it. A Dockerfile can overwrite the configuration of the image on which it builds, but it cannot
remove it: an empty UV_OFFLINE stops uv, and a volume or a label stays. So the engine loads an image of the same layers
with raydock's configuration. The loaded tar does not contain layers: the engine uses its own (sources in
raydock/hosts/layers.py).
"""

import json
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from docker import DockerClient
from docker.errors import APIError, ImageLoadError, ImageNotFound

from raydock.core.archive import ChunkReader, tar
from raydock.core.errors import OutOfReachError, first_line
from raydock.core.files import digest_of
from raydock.core.models import plain
from raydock.engine.architecture import platform, require_native
from raydock.engine.client import reaching, uses_containerd_store
from raydock.model import labels
from raydock.registry.manifest import OCI_MANIFEST, Manifest

LIBRARIES = "LD_LIBRARY_PATH"
# Variables that affect libraries, packages, indexes, proxies and GPUs, which raydock's images configure themselves.
# Other variables stay, such as TZ, SSL_CERT_FILE and CUDA_VERSION. In Bash, BASH_ENV and ENV name files to run.
RESET = (
    *(LIBRARIES, "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "ENV", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES"),
    *("PYTHON*", "PIP_*", "UV_*", "CONDA_*", "NVIDIA_*", "RAY_*", "*_proxy", "*_PROXY"),
)
# Settings of an image, by their names in a Dockerfile and in the engine's API. All of them are reset.
_INSTRUCTIONS = {
    "ENTRYPOINT": "Entrypoint",
    "CMD": "Cmd",
    "USER": "User",
    "WORKDIR": "WorkingDir",
    "VOLUME": "Volumes",
    "EXPOSE": "ExposedPorts",
    "HEALTHCHECK": "Healthcheck",
    "STOPSIGNAL": "StopSignal",
    "SHELL": "Shell",
    "ONBUILD": "OnBuild",
}
_SMALL = 4 * 2**20


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """An image that the engine has pulled.

    Attributes:
        image: its reference.
        document: the engine's `docker image inspect` document.
    """

    image: str
    document: Mapping[str, Any]

    @property
    def config(self) -> Mapping[str, Any]:
        return self.document.get("Config") or {}

    @property
    def environment(self) -> dict[str, str]:
        return dict(line.partition("=")[::2] for line in self.config.get("Env") or ())

    @property
    def library_path(self) -> str:
        """Its LD_LIBRARY_PATH."""
        return self.environment.get(LIBRARIES, "")

    @property
    def reset(self) -> tuple[str, ...]:
        """The settings that are reset: instructions, then variables, then labels."""
        instructions = (name for name, key in _INSTRUCTIONS.items() if self.config.get(key))
        image_labels = (f"label {name}" for name in self.config.get("Labels") or {} if _matches(name, labels.PATTERNS))
        return (*instructions, *(name for name in self.environment if _matches(name, RESET)), *image_labels)

    @property
    def layers(self) -> tuple[str, ...]:
        """The digests of its unpacked layers, the lowest first."""
        return tuple(self.document["RootFS"].get("Layers") or ())

    def plain(self) -> dict[str, Any]:
        """The OCI configuration with its layers and the settings that are kept."""
        image_labels = self.config.get("Labels") or {}
        return {
            "architecture": self.document["Architecture"],
            "os": self.document["Os"],
            "config": {
                "Env": [f"{name}={value}" for name, value in self.environment.items() if not _matches(name, RESET)],
                "Labels": {name: value for name, value in image_labels.items() if not _matches(name, labels.PATTERNS)},
            },
            "rootfs": {"type": "layers", "diff_ids": list(self.layers)},
            "history": [{"created_by": f"layer {number} of {self.image}"} for number, _ in enumerate(self.layers, 1)],
        }


def pull(client: DockerClient, image: str) -> Pulled:
    """Pulls an image by digest if the engine does not have it.

    Raises OutOfReachError if it cannot be pulled, VariantError if its platform is not that of the engine.
    """
    with reaching(f"looking for {image}"):
        try:
            document = client.api.inspect_image(image)
        except ImageNotFound:
            _pull(client, image)
            document = client.api.inspect_image(image)
        require_native(client, f"the base {image}", platform(document))
    return Pulled(image=image, document=document)


def _pull(client: DockerClient, image: str) -> None:
    try:
        client.images.pull(image)
    except APIError as error:
        raise OutOfReachError(
            f"the base {image} could not be pulled: {error.explanation or error}.",
            todo="check its name, digest and `docker login`, or use a mirror, or a base with `source: bootstrap`.",
        ) from None


def load_plain(client: DockerClient, pulled: Pulled, ref: str) -> None:
    """Makes an image with the same layers and the tag `ref`.

    It does not have the settings in `Pulled.reset`.
    Raises OutOfReachError if the engine does not load it.
    """
    with reaching(f"making {ref}"):
        files = _files(pulled, ref, _manifest(client, pulled))
        try:
            client.images.load(tar(files, folders=("blobs", "blobs/sha256")))
        except ImageLoadError as error:
            raise OutOfReachError(
                f"the engine does not load {pulled.image} without its settings: {first_line(str(error), 'no reason')}.",
                todo="read the engine's log, fix the cause, then run this again.",
            ) from None


def _files(pulled: Pulled, ref: str, manifest: dict[str, Any]) -> dict[str, bytes]:
    """The files of a `docker save` tar without layers, for the engine's own store.

    With a manifest of the packed layers, they are for containerd's store too.
    """
    config = _json(pulled.plain())
    digest = digest_of(config)
    layers = [layer["digest"] for layer in manifest["layers"]] if manifest else pulled.layers
    saved = {"Config": _blob(digest), "RepoTags": [ref], "Layers": [_blob(layer) for layer in layers]}
    files = {_blob(digest): config, "manifest.json": _json([saved])}
    if not manifest:
        return files
    described = manifest["config"] | {"digest": digest, "size": len(config)}
    body = _json(manifest | {"config": described, "annotations": {}})
    own = Manifest(media_type=manifest["mediaType"], data=body)
    names = {"io.containerd.image.name": f"docker.io/library/{ref}", labels.REF_NAME: ref}
    index = {"schemaVersion": 2, "manifests": [plain(own.descriptor) | {"annotations": names}]}
    return files | {
        _blob(own.digest): own.data,
        "index.json": _json(index),
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
    }


def _manifest(client: DockerClient, pulled: Pulled) -> dict[str, Any]:
    """The manifest of an image in containerd's store, from `docker save`.

    Empty in the engine's own store.
    """
    if not uses_containerd_store(client):
        return {}
    with tarfile.open(fileobj=ChunkReader(client.api.get_image(pulled.image)), mode="r|") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() and member.size < _SMALL else None
            with suppress(ValueError):  # a file that is not JSON
                document = json.loads(file.read()) if file else None
                if isinstance(document, dict) and _describes(document, pulled):
                    return {"mediaType": OCI_MANIFEST, **document}
    raise OutOfReachError(
        f"the engine's `docker save {pulled.image}` has no manifest of its {len(pulled.layers)} layers.",
        todo=f"`docker rmi {pulled.image}`, then run this again: it is pulled again.",
    )


def _describes(document: dict[str, Any], pulled: Pulled) -> bool:
    """Whether a document is the manifest of these layers.

    An attestation's has others.
    """
    layers = document.get("layers") or ()
    return len(layers) == len(pulled.layers) and all("tar" in layer.get("mediaType", "") for layer in layers)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
