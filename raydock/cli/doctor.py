"""`doctor`."""

import json

import click

from raydock.cli.hosts import host
from raydock.cli.options import CommandRequest, shared
from raydock.cli.output import end


@click.command()
@shared
@host
def doctor(request: CommandRequest, hosts: tuple[str, ...]) -> None:
    """Says what a Docker host is good for, which of our variants run there, what is wrong with it and what fixes that.

    Without --host: this machine. Nothing is built, pulled or changed. The checks: docs/reference/doctor.md.
    Exit codes: 0 no check failed; 1 one did; 4 a host is out of reach.

    \b
    Example: ./build.py doctor
             ./build.py doctor --host ssh://ray@gpu1 --host ssh://ray@gpu2 --group serve --json
    """
    from raydock.doctor import output
    from raydock.doctor.examine import Examiner
    from raydock.hosts.names import here, named
    from raydock.pick.candidate import candidates

    project, chosen = request.project, request.chosen
    registry = project.matrix.registry
    asked = named(hosts, project.checkout.hosts) if hosts else (here(),)
    sizes = project.download_bytes(chosen).values()
    with request.progress() as progress:
        found = Examiner(
            candidates=candidates(chosen, {}, registry),
            registry=f"{registry}:{chosen[-1].name}",
            needed=max((size for size in sizes if size), default=0),
            listener=progress,
        ).run(asked)
    if request.as_json:
        click.echo(json.dumps(output.document(found), indent=1))
    else:
        for item in found:
            if not item.error:
                request.say(output.words(item))
                request.say("")
    errors = {item.host.name: item.error for item in found if item.error}
    end(errors, failed=not all(item.passed for item in found))
