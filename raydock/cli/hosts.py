"""`--host`: smoke tests on other Docker hosts."""

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
    help="Use this engine instead: ssh://USER@HOST, a host or label of hosts.yaml, or a docker context. Repeatable.",
)


def smoke_on_hosts(request: CommandRequest, host_names: tuple[str, ...], options: GpuOptions) -> NoReturn:
    """Tests the selected variants on every host, prints the results and exits."""
    from raydock.hosts import names, output
    from raydock.hosts.requested import requested_images
    from raydock.hosts.smoke import HostTester

    project = request.project
    hosts = names.resolve(host_names, project.checkout.hosts)
    images = requested_images(request.chosen, project.matrix.registry)
    with request.progress() as progress:
        tester = HostTester(listener=progress, gpus=options.gpu_request, checks=options.checks)
        outcomes = tester.run(hosts, images)
    if request.as_json:
        click.echo(json.dumps(output.document(outcomes), indent=1))
    else:
        request.echo(output.table(outcomes, [image.name for image in images]))
    errors = {host: error for outcome in outcomes for host, error in outcome.errors.items()}
    end(errors, failed=not all(outcome.passed for outcome in outcomes))
