"""The options of `smoke` for what needs a GPU, and anybody's image asked it."""

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
    """What the options ask for; `gpu` is a policy, `gpus` names them, the last two are for a stranger's image."""

    gpu: str
    gpus: str
    checks: tuple[str, ...]
    python: str | None
    volumes: tuple[str, ...]

    @property
    def wish(self) -> "GpuRequest":
        from raydock.smoke.gpus import GpuPolicy, GpuRequest, names

        return GpuRequest(policy=GpuPolicy(self.gpu), names=names(self.gpus))

    @property
    def mounts(self) -> dict[str, str]:
        """The host's folders by where the image sees them. Raises ConfigurationError."""
        pairs = [volume.split(":") for volume in self.volumes]
        for pair, volume in zip(pairs, self.volumes, strict=True):
            if len(pair) != 2 or not all(path.startswith("/") for path in pair):
                raise ConfigurationError(
                    f"--volume {volume} is not HOST:PATH.", todo="write it like /data/model:/model."
                )
        return {at: folder for folder, at in pairs}

    def refuse_without_image(self) -> None:
        """Raises ConfigurationError for options that only a stranger's image has a use for."""
        if self.python or self.volumes:
            raise ConfigurationError(
                "--python and --volume are for any image, which --image names.", todo="add --image REF, or leave them."
            )


def on_gpus(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options, as one Asked."""

    @wraps(command)
    def run(request: CommandRequest, **options: Any) -> Any:
        own = {key: options.pop(key) for key in ("gpu", "gpus", "checks", "python", "volumes")}
        return command(request, asked=GpuOptions(**own), **options)

    for option in (
        click.option(
            "--volume",
            "volumes",
            multiple=True,
            metavar="HOST:PATH",
            help="With --image: a folder of the engine's host that the image sees at PATH, read-only. Repeatable.",
        ),
        click.option("--python", metavar="PATH", help="With --image: the Python to ask. Default: python3 on its PATH."),
        click.option(
            "--check", "checks", multiple=True, metavar="ID", help="This check only, as in gpu-driver. Repeatable."
        ),
        click.option(
            "--gpus",
            metavar="NAMES",
            default="all",
            show_default=True,
            help="Which GPUs: numbers (0,2), MIG slices (0:1), UUIDs.",
        ),
        click.option(
            "--gpu",
            type=click.Choice(["auto", "require", "off"]),
            default="auto",
            show_default=True,
            help="auto: what cannot be asked is skipped; require: it has failed (exit 1); off: nothing is asked.",
        ),
    ):
        run = option(run)
    return run


def ask_stranger(request: CommandRequest, image: str, asked: GpuOptions) -> NoReturn:
    """Asks any image that the engine holds what needs a GPU; says it and exits."""
    from raydock.engine.client import connect
    from raydock.engine.container import sweep
    from raydock.model.result import VariantResult
    from raydock.smoke.foreign_image import smoke

    refuse_selection(request)
    if asked.gpu == "off":
        raise ConfigurationError(
            "of any image only what needs a GPU can be asked, and --gpu off asks nothing.",
            todo=f"./build.py smoke --gpu require --image {image}, or --contract.",
        )
    wish, mounts = asked.wish, asked.mounts
    client = connect()
    sweep(client)
    with request.progress() as progress:
        found = smoke(
            client, image, request=wish, python=asked.python, volumes=mounts, checks=asked.checks, on_event=progress
        )
    _report(request, VariantResult(name=image, proved=True, report=found))


def _report(request: CommandRequest, outcome: Any) -> NoReturn:
    from raydock.cli import summary

    if request.as_json:
        click.echo(json.dumps({"schema": 1, "variants": [outcome.document()]}, indent=1))
    else:
        request.say(summary.answers(outcome.report.checks))
    end({}, failed=not outcome.passed)
