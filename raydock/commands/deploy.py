"""`deploy`: what runs built images."""

import click

from raydock.commands.deploy_docker import docker


@click.group()
def deploy() -> None:
    """Writes what runs an image of this project elsewhere.

    \b
    Example: ./build.py deploy docker ray2.60.0-py311-cpu --head 10.0.0.1 --worker 10.0.0.2 --output cluster
    """


deploy.add_command(docker)
