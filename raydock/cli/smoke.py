"""The GPU options of `smoke`, and `smoke --image` for any image."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn

import click

from raydock.cli.options import CommandRequest
from raydock.cli.output import end, refuse_selection
from raydock.core.errors import ConfigurationError

if TYPE_CHECKING:
    from raydock.smoke.gpus import GpuRequest


@dataclass(frozen=True, kw_only=True)
class GpuOptions:
    """The values of the GPU options.

    Attributes:
        gpu: the policy: auto, require or off.
        gpus: the names of the GPUs, or `all`.
        checks: the ids of the checks to run; empty for all.
        python: with --image, the path of its Python.
        volumes: with --image, HOST:PATH of folders to mount.
    """

    gpu: str
    gpus: str
    checks: tuple[str, ...]
    python: str | None
    volumes: tuple[str, ...]

    @property
    def gpu_request(self) -> "GpuRequest":
        """The policy and the names of the GPUs.

        Raises ConfigurationError if a name is invalid.
        """
        from raydock.smoke.gpus import GpuPolicy, GpuRequest, names

        return GpuRequest(policy=GpuPolicy(self.gpu), names=names(self.gpus))

    @property
    def mounts(self) -> dict[str, str]:
        """The host's folders by their path in the container.

        Raises ConfigurationError if a volume is invalid.
        """
        pairs = [volume.split(":") for volume in self.volumes]
        for pair, volume in zip(pairs, self.volumes, strict=True):
            if len(pair) != 2 or not all(path.startswith("/") for path in pair):
                raise ConfigurationError(
                    f"--volume {volume} is not HOST:PATH.", todo="write it like /data/model:/model."
                )
        return {path: folder for folder, path in pairs}

    def refuse_without_image(self) -> None:
        """Raises ConfigurationError if an option is given that works only with --image."""
        if self.python or self.volumes:
            raise ConfigurationError(
                "--python and --volume work only with --image.", todo="add --image REF, or remove them."
            )


def gpu_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the GPU options to a command, which gets them as one GpuOptions."""

    @wraps(command)
    def run(request: CommandRequest, **options: Any) -> Any:
        values = {key: options.pop(key) for key in ("gpu", "gpus", "checks", "python", "volumes")}
        return command(request, options=GpuOptions(**values), **options)

    for option in (
        click.option(
            "--volume",
            "volumes",
            multiple=True,
            metavar="HOST:PATH",
            help="With --image: mount a folder of the engine's host at PATH, read-only. Repeatable.",
        ),
        click.option("--python", metavar="PATH", help="With --image: the Python to use. Default: python3 on its PATH."),
        click.option(
            "--check",
            "checks",
            multiple=True,
            metavar="ID",
            help="Run only this check, such as gpu-driver. Repeatable.",
        ),
        click.option(
            "--gpus",
            metavar="NAMES",
            default="all",
            show_default=True,
            help="The GPUs to use: numbers (0,2), MIG slices (0:1), UUIDs.",
        ),
        click.option(
            "--gpu",
            type=click.Choice(["auto", "require", "off"]),
            default="auto",
            show_default=True,
            help="auto: skip GPU checks that cannot run; require: they fail (exit 1); off: run no GPU checks.",
        ),
    ):
        run = option(run)
    return run


def smoke_any_image(request: CommandRequest, image: str, options: GpuOptions) -> NoReturn:
    """Runs the GPU checks in any image on the engine, prints the results and exits."""
    from raydock.engine.cleanup import sweep
    from raydock.engine.client import connect
    from raydock.model.result import VariantResult
    from raydock.smoke.foreign_image import smoke

    refuse_selection(request)
    if options.gpu == "off":
        raise ConfigurationError(
            "--image runs only the GPU checks, and --gpu off disables them.",
            todo=f"./build.py smoke --gpu require --image {image}, or --contract.",
        )
    gpus, mounts = options.gpu_request, options.mounts
    client = connect()
    sweep(client)
    with request.progress() as progress:
        report = smoke(
            client, image, request=gpus, python=options.python, volumes=mounts, checks=options.checks, on_event=progress
        )
    _report(request, VariantResult(name=image, tested=True, report=report))


def _report(request: CommandRequest, result: Any) -> NoReturn:
    from raydock.cli import summary

    if request.as_json:
        click.echo(json.dumps({"schema": 1, "variants": [result.document()]}, indent=1))
    else:
        request.echo(summary.check_table(result.report.checks))
    end({}, failed=not result.passed)
