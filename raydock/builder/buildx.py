"""`docker buildx build`: one process a build, so that one failure ends no other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raydock.builder import downloads
from raydock.builder.rawjson import BuildProgress, Failure, short
from raydock.core.errors import OutOfReachError, RaydockError, VariantError
from raydock.core.events import Listener
from raydock.core.processes import Processes
from raydock.engine.endpoint import Endpoint


class BuildError(VariantError):
    """A build that failed: the step, its last lines of output and the log's path are in the message."""


class LostPackagesError(BuildError):
    """The build cache holds a step that made packages ready and the packages themselves no more."""


class DownloadError(OutOfReachError):
    """A build could not download what it needs: its step, its last lines and the log's path are in the message."""


@dataclass
class Buildx:
    """Runs builds through one engine's own builder, and can stop them all.

    `uv` is a folder that holds uv's binary and nothing else: builds see it as the context named uv.
    """

    listener: Listener
    endpoint: Endpoint
    uv: Path
    no_cache: bool = False
    processes: Processes = field(default_factory=Processes)

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

        `epoch` is SOURCE_DATE_EPOCH in seconds, `options` go to the command line as they are, and the whole output
        goes to `log`. Raises BuildError, or OutOfReachError where the engine or its disk gave out.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        metadata = log.with_suffix(".metadata.json")
        metadata.unlink(missing_ok=True)
        command = ["docker", "buildx", "build", f"--builder={self.endpoint.builder}", f"--platform={platform}"]
        command += ["--progress=rawjson", "--provenance=false"]
        command += [f"--build-arg=SOURCE_DATE_EPOCH={epoch}", f"--build-context=uv={self.uv}"]
        command += [f"--tag={tag}" for tag in tags] + [f"--label={key}={value}" for key, value in labels.items()]
        command += [f"--metadata-file={metadata}", *(["--no-cache"] if self.no_cache else []), *options, str(context)]
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
            # The engine's own builder reports the id of its store here: with overlay2 the configuration's digest, with
            # containerd's image store the manifest's.
            return str(document["containerimage.digest"])
        except (OSError, ValueError, KeyError, TypeError):
            raise BuildError(
                f"{name}: the builder {self.endpoint.builder!r} put no image into the engine at {self.endpoint}.",
                meaning=f"It is not the engine's own builder.\nLog: {log}",
                todo=f"`docker buildx rm {self.endpoint.builder}`, or give the builder a different name.",
            ) from None

    def stop(self) -> None:
        """Ends every build that runs, and lets none begin; BuildKit drops what they had in hand."""
        self.processes.stop()


LOST = "raydock: the build cache lost the packages"  # templates/installer/place-tree
_OUT_OF_REACH = {
    "no space left on device": (
        "The engine's disk is full.",
        "free some (`docker builder prune`, `docker image prune`), then run this again: what is built stays.",
    ),
    "cannot connect to the docker daemon": ("No engine answers.", "run `scripts/engine`, then this again."),
    "error reading from server: eof": ("The engine went away.", "run `scripts/engine`, then this again."),
}


def explain(name: str, failure: Failure | None, rest: str, log: Path) -> RaydockError:
    """The error for a build that failed: OutOfReachError where the engine, its disk or the index gave out, else
    BuildError. `rest` is the plain text that buildx wrote."""
    lines = [line for line in rest.splitlines() if line.strip()]
    failure = failure or Failure(step="", error=lines[-1] if lines else "docker buildx said nothing", lines=())
    step = f" at the step `{short(failure.step)}`" if failure.step else ""
    what = f"{name}: the build failed{step}: {failure.error[:300]}"
    tail = ["Its last lines:", *(f"  {line}" for line in failure.lines)] if failure.lines else []
    meaning = "\n".join([*tail, f"Log: {log}"])
    said = "\n".join((failure.error, rest, *failure.lines)).lower()
    for sign, (cause, todo) in _OUT_OF_REACH.items():
        if sign in said:
            return OutOfReachError(what, meaning=f"{meaning}\n{cause}", todo=todo)
    if found := downloads.cause(said, failure.step):
        return DownloadError(what, meaning=f"{meaning}\n{found.meaning}", todo=found.todo)
    kind = LostPackagesError if LOST.lower() in said else BuildError
    return kind(what, meaning=meaning, todo="read the log, fix the cause, run this again: what is built stays.")
