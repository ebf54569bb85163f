"""trivy's command line, told to answer from what is on this machine, and what its failures mean.

Its words are those of trivy 0.76 (https://trivy.dev/docs/v0.76/, read 2026-11-25); 0.67 has them too.
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
# No image has a JVM, so that no archive of Java's can run; and trivy needs a database of a gigabyte for those.
_JAVA = "**/*.jar"
_RUN = ".run-"
_LAYERS = "layers"
_JSON, _QUIET = "--format=json", "--quiet"
# A line of its log: a time, the level, the message, separated by tabs.
_WARNING = re.compile(r"^\S*\s*(?:WARN|ERROR)\s+(.*)$", re.MULTILINE)
_FATAL = re.compile(r"FATAL\tFatal error\t(?:run error: )?(.*)", re.DOTALL)
# A damaged database ends trivy by these (bbolt maps the file into memory).
_CRASHED = ("fatal error: fault", "unexpected fault address", "SIGBUS", "panic: ")


class NoDatabaseError(RaydockError):
    """There is no vulnerability database that can be used, so that nobody knows of vulnerabilities."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True, kw_only=True)
class ImageScan:
    """What trivy found in an image: its own JSON form, and the warnings that it wrote meanwhile, one line each."""

    document: Document
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Trivy:
    """Runs `program`, one at a time, since it locks what it keeps.

    `folder` is where it keeps what it found in layers, so that a layer is looked at once; `endpoint` is the engine
    that holds the images, needed for `image` alone.
    """

    program: str
    folder: Path
    endpoint: Endpoint | None = None
    processes: Processes = field(default_factory=Processes)

    def version(self) -> str:
        """Its version. Raises OutOfReachError where it does not start."""
        with self._desk() as desk:
            return str(self._json(desk, "say its version", "version", _QUIET).get("Version", ""))

    def fetch(self, repository: str, target: Path) -> None:
        """Fetches the vulnerability database of an OCI repository (empty: trivy's own) into a new folder `target`.

        Raises NoDatabaseError where it cannot be had.
        """
        words = [f"--db-repository={repository}"] if repository else []
        with self._desk() as desk:
            self._run(desk, "fetch a vulnerability database", "image", _QUIET, "--download-db-only", *words)
            (desk / "db").rename(target)

    def image(self, image_id: str, database: Path | None, log: Path) -> ImageScan:
        """What is in an image of the engine; vulnerabilities only with a database's folder.

        trivy's own log is written to the file `log`. Raises NoDatabaseError if the database cannot be read,
        VariantError if the image cannot, and OutOfReachError if the engine or the disk gives out.
        """
        scanners = ["vuln"] if database else []
        options = [f"--scanners={','.join([*scanners, 'secret', 'license'])}", f"--skip-files={_JAVA}"]
        options += ["--image-src=docker", "--offline-scan", "--skip-db-update", "--skip-java-db-update"]
        doing = f"scan the image {image_id}"
        with self._desk(database) as desk:
            done = self._run(desk, doing, "image", "--no-progress", *options, "--timeout=2h", _JSON, image_id)
        write_whole(log, done.stderr)
        warnings = tuple(" ".join(line.split()) for line in _WARNING.findall(done.stderr))
        return ImageScan(document=self._parsed(doing, done.stdout), warnings=warnings)

    def forget_layers(self) -> None:
        """Removes what trivy keeps of layers, so that the next scan reads all of them again."""
        shutil.rmtree(self.folder / _LAYERS, ignore_errors=True)

    def dockerfile(self, path: Path) -> Document:
        """What is wrong with a Dockerfile, in trivy's own form, by the checks that trivy brings along."""
        with self._desk() as desk:
            return self._json(desk, f"check {path}", "config", _QUIET, "--skip-check-update", str(path.resolve()))

    def sbom(self, document: Document, form: str) -> str:
        """The SBOM of what `image` answered, as trivy's format `form` has it."""
        with self._desk() as desk:
            source = desk / "image.json"
            source.write_text(json.dumps(document), encoding="utf-8")
            return self._run(desk, f"write an SBOM ({form})", "convert", _QUIET, f"--format={form}", str(source)).stdout

    def sweep(self) -> None:
        """Removes what killed runs left behind."""
        for path in self.folder.glob(f"{_RUN}*"):
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _desk(self, database: Path | None = None) -> Iterator[Path]:
        """A folder for one command: trivy's cache, of which the layers stay, its temporary files, and nothing else."""
        kept = self.folder.resolve()  # trivy runs in another folder
        layers = kept / _LAYERS
        try:
            layers.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=kept, prefix=_RUN) as folder:
                desk = Path(folder)
                (desk / "fanal").symlink_to(layers)
                if database:
                    (desk / "db").symlink_to(database.resolve())
                yield desk
        except OSError as error:
            raise OutOfReachError(
                f"{self.folder} cannot be written: {error.strerror}.", todo="fix the permissions or free some space."
            ) from None

    def _json(self, desk: Path, doing: str, *words: str) -> Document:
        return self._parsed(doing, self._run(desk, doing, *words, _JSON).stdout)

    def _parsed(self, doing: str, output: str) -> Document:
        try:
            document = json.loads(output)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise OutOfReachError(
                f"{self.program} was to {doing}, and its answer is not a JSON object: {output[:80]!r}.",
                todo=_REINSTALL,
            )
        return document

    def _run(self, desk: Path, doing: str, *words: str) -> subprocess.CompletedProcess[str]:
        """What trivy writes, run in a folder without a configuration of its own."""
        command = [self.program, words[0], f"--cache-dir={desk}", *words[1:]]
        try:
            done = self.processes.run(command, folder=desk, environment=_environment(desk, self.endpoint))
        except OSError as error:
            raise OutOfReachError(f"{self.program} does not start: {error.strerror}.", todo=_REINSTALL) from None
        if done.returncode:
            raise explain(self.program, doing, done.stderr)
        return done


_REINSTALL = "remove it and run `scripts/tools`, which installs one that raydock knows."


def find() -> str:
    """The trivy on PATH, else the one in raydock's own environment. Raises OutOfReachError where there is none."""
    program = shutil.which("trivy") or shutil.which("trivy", path=str(Path(sys.prefix) / "bin"))
    if not program:
        raise OutOfReachError(
            "trivy is neither on PATH nor in .venv, and images are scanned by it.",
            meaning="Nothing was scanned.",
            todo="run `scripts/tools`, which installs it from the package index, or put trivy 0.67 or newer on PATH.",
        )
    return str(Path(program).absolute())


def explain(program: str, doing: str, errors: str) -> RaydockError:
    """The error for a trivy that failed, from what it wrote to stderr."""
    cause = _cause(errors)
    what = f"{program} could not {doing}: {cause}."
    if "no space left on device" in errors:
        return OutOfReachError(what, todo="free some space: trivy unpacks an image's layers in .raydock/trivy/.")
    if "unknown flag" in errors or "unknown command" in errors:
        return OutOfReachError(what, meaning="It is older than 0.67, or not trivy.", todo=_REINSTALL)
    if "docker error" in errors and "No such image" not in errors:
        return OutOfReachError(what, todo="run `scripts/engine`, then this again.")
    if "DB error" in errors or any(sign in errors for sign in _CRASHED):
        return NoDatabaseError(what)
    return VariantError(what, todo="run it by hand to see more, with --debug in place of --quiet.")


def _cause(errors: str) -> str:
    if any(sign in errors for sign in _CRASHED):
        return "it crashed while it read, which a damaged database does to it"
    found = _FATAL.search(errors)
    words = " ".join((found[1] if found else errors).split())
    return words[-400:].rstrip(".") or "it said nothing"


def _environment(desk: Path, endpoint: Endpoint | None) -> dict[str, str]:
    """raydock's environment without trivy's own settings, which could hide findings, and with the engine's address."""
    given = endpoint.client_environment() if endpoint else os.environ
    kept = {key: value for key, value in given.items() if not key.startswith("TRIVY_")}
    own = {"TMPDIR": str(desk), "TRIVY_DISABLE_TELEMETRY": "true", "TRIVY_SKIP_VERSION_CHECK": "true"}
    bundle = ca_bundle()
    return kept | own | ({"SSL_CERT_FILE": str(bundle)} if bundle else {})
