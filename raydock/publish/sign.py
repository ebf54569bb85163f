"""Signatures by cosign, where it is on PATH."""

import os
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

from raydock.core.errors import ConfigurationError, VariantError
from raydock.core.processes import Processes
from raydock.registry.repository import Repository

KEY, OPTIONS = "COSIGN_KEY", "RAYDOCK_COSIGN"
_SECONDS = 180.0


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs images by digest: with the key that COSIGN_KEY names (cosign's --key), else as cosign does without one.

    RAYDOCK_COSIGN holds more options of `cosign sign`, such as --tlog-upload=false where no transparency log answers.
    """

    program: str
    processes: Processes = field(default_factory=Processes)

    def sign(self, repository: Repository, digest: str) -> None:
        """Signs an image in its registry. Raises VariantError, with cosign's words, where it does not."""
        transport = repository.transport
        key = [f"--key={os.environ[KEY]}"] if os.environ.get(KEY) else []
        plain = ["--allow-http-registry"] if transport.plain else []
        loose = ["--allow-insecure-registry"] if transport.insecure else []
        bundle = {"SSL_CERT_FILE": transport.verify} if isinstance(transport.verify, str) else {}
        command = [self.program, "sign", "--yes", *key, *plain, *loose, *_options(), f"{repository.name}@{digest}"]
        try:
            done = self.processes.run(
                command, folder=Path.cwd(), environment={**os.environ, **bundle}, timeout=_SECONDS
            )
            words = "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
        except TimeoutExpired:
            words = f"no end within {_SECONDS:g} s"
        if words:
            raise VariantError(
                f"cosign did not sign {repository.name}@{digest}: {words.splitlines()[-1][-600:].rstrip('.')}.",
                meaning="The image is pushed, and no tag that moves names it yet.",
                todo=f"set {KEY} and what its key needs (COSIGN_PASSWORD, say); where no transparency log answers, "
                f"{OPTIONS}=--tlog-upload=false (docs/how-to/publish.md); or take cosign off PATH. "
                "Then run this again.",
            )


def _options() -> list[str]:
    try:
        return shlex.split(os.environ.get(OPTIONS, ""))
    except ValueError as error:
        raise ConfigurationError(f"{OPTIONS} cannot be read: {error}.", todo="close its quotes.") from None


def signer() -> Signer | None:
    """A signer; None where there is no cosign on PATH."""
    program = shutil.which("cosign")
    return Signer(program=program) if program else None
