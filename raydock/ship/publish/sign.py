"""Signatures by cosign, where it is on PATH."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

from raydock.errors import VariantError
from raydock.processes import Processes
from raydock.ship.registry.repository import Repository

KEY = "COSIGN_KEY"
_SECONDS = 180.0


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs images by digest: with the key that COSIGN_KEY names (cosign's --key), else as cosign does without one."""

    program: str
    processes: Processes = field(default_factory=Processes)

    def sign(self, repository: Repository, digest: str) -> None:
        """Signs an image in its registry. Raises VariantError, with cosign's words, where it does not."""
        key = [f"--key={os.environ[KEY]}"] if os.environ.get(KEY) else []
        plain = ["--allow-http-registry"] if repository.transport.plain else []
        loose = ["--allow-insecure-registry"] if repository.transport.insecure else []
        command = [self.program, "sign", "--yes", *key, *plain, *loose, f"{repository.name}@{digest}"]
        try:
            done = self.processes.run(command, folder=Path.cwd(), environment=os.environ, timeout=_SECONDS)
            words = "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
        except TimeoutExpired:
            words = f"no end within {_SECONDS:g} s"
        if words:
            raise VariantError(
                f"cosign did not sign {repository.name}@{digest}: {words[-600:].rstrip('.')}.",
                meaning="The image is pushed, and no tag that moves names it yet.",
                todo=f"set {KEY} and what its key needs (COSIGN_PASSWORD, say), or take cosign off PATH, and go on.",
            )


def signer() -> Signer | None:
    """A signer; None where there is no cosign on PATH."""
    program = shutil.which("cosign")
    return Signer(program=program) if program else None
