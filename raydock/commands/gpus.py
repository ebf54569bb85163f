"""The options of `smoke` for what needs a GPU, and anybody's image asked it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn

import click

from raydock.commands.answers import end, refuse_selection
from raydock.errors import ConfigurationError
from raydock.options import Request

if TYPE_CHECKING:
    from raydock.prove.gpus import Wish


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the options ask for; `gpu` is a policy, `gpus` names them, the last two are for a stranger's image."""

    gpu: str
    gpus: str
    checks: tuple[str, ...]
    python: str | None
    volumes: tuple[str, ...]

    @property
    def wish(self) -> "Wish":
        from raydock.prove.gpus import Policy, Wish, names

        return Wish(policy=Policy(self.gpu), names=names(self.gpus))

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
    def run(request: Request, **options: Any) -> Any:
        own = {key: options.pop(key) for key in ("gpu", "gpus", "checks", "python", "volumes")}
        return command(request, asked=Asked(**own), **options)

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


def ask_stranger(request: Request, image: str, asked: Asked) -> NoReturn:
    """Asks any image that the engine holds what needs a GPU; says it and exits."""
    from raydock.build.engine import connect
    from raydock.pipeline import Outcome
    from raydock.prove.container import sweep
    from raydock.prove.stranger import smoke

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
            client, image, wish=wish, python=asked.python, volumes=mounts, checks=asked.checks, on_event=progress
        )
    _report(request, Outcome(name=image, image_id=found.image_id, proved=True, report=found))


def _report(request: Request, outcome: Any) -> NoReturn:
    from raydock import summary

    if request.as_json:
        click.echo(json.dumps({"schema": 1, "variants": [outcome.document()]}, indent=1))
    else:
        request.say(summary.answers(outcome.report.checks))
    end({}, failed=not outcome.passed)
