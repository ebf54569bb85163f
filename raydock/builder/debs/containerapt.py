"""The apt of a pulled base, run in a container.

It uses the image's own sources, keys and settings.
"""

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import docker

from raydock.builder.debs import script
from raydock.builder.secrets import Secrets, proxies
from raydock.core.archive import ChunkReader
from raydock.engine.client import reaching

_FETCHED = "/tmp/raydock-debs"  # noqa: S108 - in a temporary container


@dataclass(frozen=True, kw_only=True)
class ContainerApt:
    """apt in temporary containers of a local image.

    Attributes:
        client: the client of the engine.
        ref: the tag of the local image.
        image: the name of the pulled image, for messages.
        secrets: the settings for the network.
    """

    client: docker.DockerClient
    ref: str
    image: str
    secrets: Secrets

    @property
    def origin(self) -> str:
        """The archives that it reads, for messages."""
        return f"the apt sources of {self.image}"

    def solve(self, packages: Sequence[str]) -> CompletedProcess[str]:
        """Solves the installation of these packages in the image; see script.SOLVE."""
        return self._run(f"{script.UPDATE}\n{script.SOLVE}", packages)

    def fetch(self, files: str, folder: Path) -> CompletedProcess[str]:
        """Downloads the listed files (script.fetch_list) to a folder; see script.FETCH."""
        text = f"mkdir {_FETCHED}; cd {_FETCHED}\n{script.FETCH}"
        return self._run(text, environment={"DEBS": files}, folder=folder)

    def candidates(self, names: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The current version and its suites in the archive, by package name."""
        return script.candidates(self._run(f"{script.UPDATE}\n{script.POLICY}", names).stdout)

    def _run(
        self,
        text: str,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str] = {},
        folder: Path | None = None,
    ) -> CompletedProcess[str]:
        with reaching(f"running apt in {self.image}"):
            container = self.client.containers.create(
                self.ref,
                entrypoint=["/bin/sh", "-c", text, "apt", *arguments],
                user="0",
                environment={**proxies(), **environment, **script.SETTINGS},
                **({"network_mode": "host"} if self.secrets.host_network else {}),
            )
            try:
                container.start()
                code = int(container.wait()["StatusCode"])
                output = container.logs(stdout=True, stderr=False).decode(errors="replace")
                errors = container.logs(stdout=False, stderr=True).decode(errors="replace")
                if folder:
                    _unpack(container, folder)
            finally:
                container.remove(force=True)
        return CompletedProcess(text, code, output, errors)


def _unpack(container: Any, folder: Path) -> None:
    """Copies the packages in _FETCHED to a folder of this host."""
    chunks, _ = container.get_archive(_FETCHED)
    with tarfile.open(fileobj=io.BufferedReader(ChunkReader(chunks)), mode="r|") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file and member.name.endswith(".deb"):
                (folder / Path(member.name).name).write_bytes(file.read())
