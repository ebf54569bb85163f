"""Sign images with cosign, if it is on PATH."""

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
    """Signs images by digest.

    It uses the key in COSIGN_KEY (cosign's --key), else cosign's default method.

    RAYDOCK_COSIGN has more options of `cosign sign`, such as --tlog-upload=false for a network without a transparency
    log.

    Attributes:
        program: the path of cosign.
        processes: the running cosign processes.
    """

    program: str
    processes: Processes = field(default_factory=Processes)

    def sign(self, repository: Repository, digest: str) -> None:
        """Sign an image in its registry.

        Raises VariantError, with cosign's message, if cosign fails.
        """
        transport = repository.transport
        key = [f"--key={os.environ[KEY]}"] if os.environ.get(KEY) else []
        http = ["--allow-http-registry"] if transport.plain else []
        untrusted = ["--allow-insecure-registry"] if transport.insecure else []
        bundle = {"SSL_CERT_FILE": transport.verify} if isinstance(transport.verify, str) else {}
        command = [self.program, "sign", "--yes", *key, *http, *untrusted, *_options(), f"{repository.name}@{digest}"]
        try:
            done = self.processes.run(
                command, folder=Path.cwd(), environment={**os.environ, **bundle}, timeout=_SECONDS
            )
            message = "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
        except TimeoutExpired:
            message = f"it did not finish within {_SECONDS:g} s"
        if message:
            raise VariantError(
                f"cosign did not sign {repository.name}@{digest}: {message.splitlines()[-1][-600:].rstrip('.')}.",
                meaning="The image is pushed, but no movable tag names it yet.",
                todo=f"set {KEY} and what its key needs, such as COSIGN_PASSWORD; without a transparency log, set "
                f"{OPTIONS}=--tlog-upload=false (docs/how-to/publish.md); or remove cosign from PATH. "
                "Then run this again.",
            )


def _options() -> list[str]:
    try:
        return shlex.split(os.environ.get(OPTIONS, ""))
    except ValueError as error:
        raise ConfigurationError(f"{OPTIONS} cannot be parsed: {error}.", todo="close its quotes.") from None


def find_signer() -> Signer | None:
    """A signer; None if cosign is not on PATH."""
    program = shutil.which("cosign")
    return Signer(program=program) if program else None
