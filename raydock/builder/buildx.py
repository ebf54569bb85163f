"""Runs `docker buildx build`, with one process per build.

A failure does not stop other builds.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from raydock.builder import failures
from raydock.builder.failures import BuildFailure, FailureKind
from raydock.builder.rawjson import BuildProgress, Failure
from raydock.builder.steps import shorten
from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.events import Listener
from raydock.core.processes import Processes
from raydock.engine import dockerconfig
from raydock.engine.endpoint import DEFAULT, Endpoint


class BuildError(VariantError):
    """A build failed.

    The message contains the step, its last lines of output and the path of the log.
    """


class LostPackagesError(BuildError):
    """A cached step survived, but its packages were evicted from the cache mount."""


class DownloadError(OutOfReachError):
    """A download in a build failed.

    The message contains the step, its last lines and the path of the log.

    Attributes:
        failure: the cause.
    """

    failure: BuildFailure | None = None


@dataclass
class Buildx:
    """Runs builds with the engine's own builder, and can stop all of them.

    Attributes:
        listener: gets the progress.
        endpoint: the endpoint of the engine.
        uv: a folder that contains only uv's binary; the build context named uv.
        no_cache: whether every step is built again.
        processes: runs the builds. To stop it ends all of them; BuildKit discards unfinished steps.
    """

    listener: Listener
    endpoint: Endpoint
    uv: Path
    no_cache: bool = False
    processes: Processes = field(default_factory=Processes)
    # The hosts that stayed busy: further builds do not wait for them.
    _given_up: set[str] = field(default_factory=set)

    def build(
        self,
        name: str,
        context: Path,
        *,
        tags: Sequence[str],
        labels: dict[str, str],
        epoch: int,
        platform: str,
        options: Sequence[str],
        log: Path,
    ) -> str:
        """Builds the Dockerfile in `context`, tags the image and returns its id.

        A build that a busy server ended is repeated after a reported wait (builder/busyserver.py).
        epoch: SOURCE_DATE_EPOCH in seconds.
        options: further options of the command line.
        log: the file for the whole output.
        Raises BuildError if a step fails, OutOfReachError if the engine, its disk or a download fails.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        metadata = log.with_suffix(".metadata.json")
        metadata.unlink(missing_ok=True)
        command = ["docker", "buildx", "build", f"--builder={self.endpoint.builder}", f"--platform={platform}"]
        command += ["--progress=rawjson", "--provenance=false"]
        command += [f"--build-arg=SOURCE_DATE_EPOCH={epoch}", f"--build-context=uv={self.uv}"]
        command += [f"--tag={tag}" for tag in tags] + [f"--label={key}={value}" for key, value in labels.items()]
        command += [f"--metadata-file={metadata}", *(["--no-cache"] if self.no_cache else []), *options, str(context)]
        attempt = partial(self._run, name, command, metadata, log)
        try:
            return attempt()
        except DownloadError as error:
            # The import takes time, and few builds need it.
            from raydock.builder import busyserver

            return busyserver.repeat(
                attempt, error, report=partial(self.listener, name), wait=self.processes.wait, given_up=self._given_up
            )

    def _run(self, name: str, command: Sequence[str], metadata: Path, log: Path) -> str:
        """Runs a build once and returns the id of the image."""
        with log.open("w", encoding="utf-8") as file:
            progress = BuildProgress(name, self.listener, file)
            with self.processes.started(command, environment=self.endpoint.environment()) as process:
                assert process.stderr is not None
                rest = progress.read(process.stderr)
                code = process.wait()
        if code:
            raise explain(name, progress.failure, rest, log)
        try:
            document = json.loads(metadata.read_text(encoding="utf-8"))
            metadata.unlink()
            # The engine's own builder reports the id in its store here: the digest of the configuration with overlay2,
            # the digest of the manifest with containerd's image store.
            return str(document["containerimage.digest"])
        except (OSError, ValueError, KeyError, TypeError):
            raise BuildError(
                f"{name}: the builder {self.endpoint.builder!r} did not load an image into the engine {self.endpoint}.",
                meaning=f"It is not the engine's own builder.\nLog: {log}",
                todo=f"`docker buildx rm {self.endpoint.builder}`, or give the builder a different name.",
            ) from None


_ERRORS: dict[FailureKind, type[RaydockError]] = {
    FailureKind.ENGINE: OutOfReachError,
    FailureKind.SERVER: DownloadError,
    FailureKind.INDEX: DownloadError,
    FailureKind.CACHE: LostPackagesError,
}


def explain(name: str, failure: Failure | None, rest: str, log: Path) -> RaydockError:
    """The error for a failed build.

    It is OutOfReachError if the engine, its disk or the index failed, otherwise BuildError.

    rest: the plain text in buildx's output.
    """
    lines = [line for line in rest.splitlines() if line.strip()]
    failure = failure or Failure(step="", error=lines[-1] if lines else "docker buildx printed nothing", lines=())
    step = f" at the step `{shorten(failure.step)}`" if failure.step else ""
    what = f"{name}: the build failed{step}: {failure.error[:300]}"
    tail = ["Its last lines:", *(f"  {line}" for line in failure.lines)] if failure.lines else []
    meaning = "\n".join([*tail, f"Log: {log}"])
    output = "\n".join((failure.error, rest, *failure.lines))
    cause = failures.cause(output, failure.step)
    if not cause:
        todo = "read the log, fix the cause, run this again; finished images stay."
        return BuildError(what, meaning=meaning, todo=todo)
    error = _ERRORS[cause.kind](what, meaning=f"{meaning}\n{cause.meaning}", todo=cause.todo)
    if isinstance(error, DownloadError):
        error.failure = cause
    return error


def configured_builder(endpoint: Endpoint) -> str:
    """The builder that `docker buildx build` would use on an engine, and its origin.

    Empty for the engine's own.
    Source: docker/buildx, store/store.go and store/storeutil, 0.13 to 0.29, read 2026-11-29.
    """
    variable = os.environ.get("BUILDX_BUILDER", "")
    if variable:
        return "" if variable in (DEFAULT, endpoint.context) else f"{variable!r} (BUILDX_BUILDER)"
    folder = Path(os.environ.get("BUILDX_CONFIG") or dockerconfig.folder() / "buildx")
    key = endpoint.address if endpoint.context == DEFAULT else endpoint.context
    default = folder / "defaults" / hashlib.sha256(key.encode()).hexdigest()
    for name in (_in_use(folder / "current", key), _read(default)):
        if name and (folder / "instances" / name).is_file():
            return f"{name!r} (`docker buildx use`)"
    return ""


def _in_use(file: Path, key: str) -> str:
    """The name of the builder in use for all engines or for the engine of this key.

    Otherwise empty.
    """
    try:
        document = json.loads(_read(file) or "{}")
        return str(document["Name"]) if document["Global"] or document["Key"] == key else ""
    except (ValueError, KeyError, TypeError):
        return ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        return ""
