"""`deploy`: what runs built images."""

import click

from raydock.cli.deploy_docker import docker
from raydock.cli.deploy_kuberay import kuberay


@click.group()
def deploy() -> None:
    """Writes what runs an image of this project elsewhere.

    \b
    Example: ./build.py deploy kuberay ray2.60.0-py311-cpu --workers 2
    """


deploy.add_command(kuberay)
deploy.add_command(docker)
