"""`plan`."""

import json

import click

from raydock.options import Request, shared
from raydock.plan import show


@click.command()
@shared
def plan(request: Request) -> None:
    """Shows which variants can exist and why the others cannot. Needs neither network nor engine.

    \b
    Example: ./build.py plan --select 'vllm=!none,python=3.11'
    """
    chosen = request.chosen
    sizes = request.project.download_bytes(chosen)
    if request.as_json:
        click.echo(json.dumps(show.document(request.project.plan, chosen, sizes), indent=1))
    else:
        request.say(show.table(request.project.plan, chosen, sizes))
