"""Specifications of the Container Device Interface for NVIDIA's GPUs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

# The default folders of the specifications.
CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")
KIND = "nvidia.com/gpu"
# The names of NVIDIA's libraries end with the driver's version: libcuda.so.580.159.04. The folder of its firmware bears
# it: /lib/firmware/nvidia/580.159.04/gsp_ga10x.bin.
_VERSION = re.compile(r"(?:\.so\.|/firmware/nvidia/)(\d{3,}\.\d+(?:\.\d+)?)(?=$|/|::)")


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A CDI specification of NVIDIA's GPUs.

    Attributes:
        path: the file's path on the host.
        document: the file's content.
    """

    path: str
    document: dict[str, Any]

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the devices: `0`, `all`, `0:1` of a MIG slice."""
        return tuple(str(device["name"]) for device in self.document["devices"])

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The host's files that containers get: device nodes, mounts, hooks' programs."""
        return tuple(dict.fromkeys(path for edit in self._edits for path in _files(edit)))

    @property
    def drivers(self) -> tuple[str, ...]:
        """The driver versions of the libraries and the firmware in the specification, usually one."""
        arguments = (
            str(word) for edit in self._edits for hook in edit.get("hooks") or () for word in hook.get("args") or ()
        )
        return tuple(sorted({match[1] for text in (*self.files, *arguments) for match in _VERSION.finditer(text)}))

    @property
    def _edits(self) -> list[dict[str, Any]]:
        parts = [self.document, *self.document["devices"]]
        return [edits for part in parts if (edits := part.get("containerEdits"))]

    @property
    def generate(self) -> str:
        """The command that writes the specification again."""
        return f"nvidia-ctk cdi generate --output={self.path}"


def _files(edits: dict[str, Any]) -> Iterator[str]:
    for node in edits.get("deviceNodes") or ():
        yield str(node.get("hostPath") or node["path"])
    yield from (str(mount["hostPath"]) for mount in edits.get("mounts") or ())
    yield from (str(hook["path"]) for hook in edits.get("hooks") or ())


def read_specs(folders: Sequence[str] = CDI_FOLDERS) -> dict[str, str]:
    """The text of every readable CDI specification on this machine, by path."""
    paths = [path for folder in folders for path in sorted(Path(folder).glob("*")) if path.suffix in {".yaml", ".json"}]
    texts = {}
    for path in paths:
        try:
            texts[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
    return texts


def parse_specifications(texts: Mapping[str, str], folders: Sequence[str]) -> list[Specification]:
    """Parse the texts, by path, in these folders; the specification with the highest priority is last.

    Invalid specifications and those of other devices are left out.
    """
    parsed = []
    for path, text in texts.items():
        try:
            document = yaml.safe_load(text)
            if _folder(path) in folders and document["kind"] == KIND:
                specification = Specification(path=path, document=document)
                specification.devices, specification.drivers  # noqa: B018 - raises if the document has a different form
                parsed.append(specification)
        except (yaml.YAMLError, TypeError, KeyError, AttributeError):
            continue
    return sorted(parsed, key=lambda spec: folders.index(_folder(spec.path)))


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)
