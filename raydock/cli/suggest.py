"""`suggest`."""

import json

import click

from raydock.cli.options import root, say
from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project


@click.command()
@click.option("--need", "needs", multiple=True, metavar="PART", help="vllm, torch or ray. Repeatable.")
@click.option("--driver", default="", metavar="VERSION", help="The host's driver, such as 535.104.05.")
@click.option("--gpu", "gpus", multiple=True, metavar="X.Y", help="A GPU, as in 8.0. Repeatable: all must run.")
@click.option("--python", default="", metavar="X.Y", help="As in 3.11. Default: any that a base has.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, all else on stderr.")
def suggest(needs: tuple[str, ...], driver: str, gpus: tuple[str, ...], python: str, as_json: bool) -> None:
    """Lists the newest sets that can exist and that a host runs, best first, of all releases in the facts, each with
    the lines that matrix.yaml needs for it.

    \b
    Example: ./build.py suggest --driver 535.104.05 --gpu 8.0 --need vllm --python 3.11
    """
    from raydock.plan import show_suggestions
    from raydock.plan import suggest as suggesting

    rule_inputs = Project(Checkout(root())).rule_inputs
    asked = suggesting.wish(needs, driver, gpus, python, rule_inputs)
    made = suggesting.suggest(asked, rule_inputs)
    if as_json:
        click.echo(json.dumps(show_suggestions.document(made), indent=1))
    else:
        say(show_suggestions.table(made))
