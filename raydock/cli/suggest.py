"""`suggest`."""

import json

import click

from raydock.cli.options import echo, root
from raydock.core.checkout import Checkout
from raydock.pipeline.project import Project


@click.command()
@click.option("--need", "needs", multiple=True, metavar="PART", help="vllm, torch or ray. Repeatable.")
@click.option("--driver", default="", metavar="VERSION", help="The host's driver, such as 535.104.05.")
@click.option(
    "--gpu", "gpus", multiple=True, metavar="X.Y", help="A GPU's compute capability, such as 8.0. Repeatable."
)
@click.option("--python", default="", metavar="X.Y", help="Such as 3.11. Default: any Python of a base.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, the rest on stderr.")
def suggest(needs: tuple[str, ...], driver: str, gpus: tuple[str, ...], python: str, as_json: bool) -> None:
    """Lists the newest sets of versions that a host can run, best first.

    The sets are chosen from all releases in the facts. For each set, it prints the lines that matrix.yaml needs. All
    given GPUs must be able to run the set.

    \b
    Example: ./build.py suggest --driver 535.104.05 --gpu 8.0 --need vllm --python 3.11
    """
    from raydock.plan import output
    from raydock.plan import suggest as suggesting

    rule_inputs = Project(Checkout(root())).rule_inputs
    host_needs = suggesting.parse_needs(needs, driver, gpus, python, rule_inputs)
    suggestions = suggesting.suggest(host_needs, rule_inputs)
    if as_json:
        click.echo(json.dumps(output.suggestions_document(suggestions), indent=1))
    else:
        echo(output.suggestions_table(suggestions))
