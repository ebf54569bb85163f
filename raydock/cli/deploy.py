"""`deploy`: writes files that run built images."""

import click

from raydock.cli.deploy_docker import docker
from raydock.cli.deploy_kuberay import kuberay


@click.group()
def deploy() -> None:
    """Writes files that run an image with KubeRay or with Docker alone.

    \b
    Example: ./build.py deploy kuberay ray2.60.0-py311-cpu --workers 2
    """


deploy.add_command(kuberay)
deploy.add_command(docker)
