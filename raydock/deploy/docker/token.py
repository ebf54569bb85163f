"""The file with a cluster's token, which every node and every client needs."""

import os
import secrets
from pathlib import Path

from raydock.core.files import write_whole
from raydock.deploy.docker.cluster import DockerCluster
from raydock.probe import tokens

NAME = "auth-token"
# Where containers see it.
TARGET = "/run/secrets/ray-token"
# The images' user (templates/Dockerfile.j2).
_USER = 1000


def variables(cluster: DockerCluster) -> dict[str, str]:
    """Return the variables of the nodes, which name the file and not the token."""
    if cluster.token:
        return {tokens.MODE: "token", tokens.TOKEN_PATH: TARGET}
    return dict(tokens.OPEN) if tokens.supported(cluster.variant.ray) else {}


def write_token(folder: Path, image: str) -> str:
    """Write a new token, unless the folder has one, for the images' user only.

    Returns what the user has to do if this process may not give the file to that user; else "".
    """
    path = folder / NAME
    if not path.exists():
        write_whole(path, secrets.token_hex(32), mode=0o600)
    if path.stat().st_uid == _USER:
        return ""
    try:
        os.chown(path, _USER, -1)
    except PermissionError:
        return (
            f"{path} belongs to you, and the images' user ({_USER}) cannot read it: no node would start.\n"
            f"Next: `docker run --rm --user 0 --volume {path.resolve()}:/token {image} chown {_USER} /token`"
        )
    return ""
