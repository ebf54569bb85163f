"""`--host`: what tests images elsewhere."""

import json
from typing import NoReturn

import click

from raydock.cli.options import CommandRequest
from raydock.cli.output import end
from raydock.cli.smoke import GpuOptions

host = click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="ssh://USER@HOST, a host or label of hosts.yaml, or a docker context, in place of this engine. Repeatable.",
)


def smoke_there(request: CommandRequest, words: tuple[str, ...], asked: GpuOptions) -> NoReturn:
    """Tests the selected variants on every host and exits."""
    from raydock.hosts import names, output
    from raydock.hosts.requested import requested_images
    from raydock.hosts.smoke import HostTester

    project = request.project
    hosts = names.resolve(words, project.checkout.hosts)
    images = requested_images(request.chosen, project.matrix.registry)
    with request.progress() as progress:
        tester = HostTester(listener=progress, gpus=asked.wish, checks=asked.checks)
        outcomes = tester.run(hosts, images)
    if request.as_json:
        click.echo(json.dumps(output.document(outcomes), indent=1))
    else:
        request.say(output.table(outcomes, [item.name for item in images]))
    errors = {where: error for outcome in outcomes for where, error in outcome.errors.items()}
    end(errors, failed=not all(outcome.passed for outcome in outcomes))
