"""The files that start a cluster by bare Docker, from templates/docker/."""

import hashlib
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from raydock.ship.bare.cluster import Cluster
from raydock.ship.published import Published
from raydock.templates import environment

FOLDER = "docker"

_AGENT = 52365
_RAYLET = f"wget -T 2 -q -O- http://localhost:{_AGENT}/api/local_raylet_healthz | grep -q success"
_GCS = "wget -T 10 -q -O- http://localhost:8265/api/gcs_healthz | grep -q success"
# Within the 2 GiB of /dev/shm that compose.yaml gives each node.
_OBJECT_STORE = "--object-store-memory=2000000000"


class Role(StrEnum):
    """What a host is in a cluster."""

    HEAD = "head"
    WORKER = "worker"


# The questions that KubeRay 1.3 asks of a node (ray-operator/controllers/ray/common/pod.go).
HEALTHY = {Role.HEAD: f"{_RAYLET} && {_GCS}", Role.WORKER: _RAYLET}
# Ray's control store, its dashboard with the jobs' API, Ray Client's server, and the agent of every node.
PORTS = {Role.HEAD: (6379, 8265, 10001, _AGENT), Role.WORKER: (_AGENT,)}


@dataclass(frozen=True, kw_only=True)
class File:
    """A file to write: its name, its text, and whether it is a program."""

    name: str
    text: str
    program: bool = False


def files(cluster: Cluster, image: Published, templates: Path) -> Iterator[File]:
    """compose.yaml, and a script and a systemd unit for each role."""
    jinja = environment(templates / FOLDER)
    jinja.filters |= {"quote": shlex.quote, "text": _compose_text}
    shared = {"cluster": cluster, "variant": cluster.variant.name, "image": image}
    nodes = [_node(cluster, number) for number in range(len(cluster.workers) + 1)]
    yield File(name="compose.yaml", text=jinja.get_template("compose.yaml.j2").render(shared, nodes=nodes))
    functions = (templates / FOLDER / "node.sh").read_text(encoding="utf-8").rstrip("\n")
    for role in Role:
        script = jinja.get_template("host.sh.j2").render(shared, functions=functions, **_host(cluster, image, role))
        yield File(name=f"{role}.sh", text=script, program=True)
        unit = jinja.get_template("unit.service.j2").render(shared, role=role)
        yield File(name=f"raydock-{role}.service", text=unit)


def ray_start(role: Role, gpus: int, *more: str) -> list[str]:
    """The command of a node, which a container runs until the node ends."""
    head = ("--head", "--port=6379", "--include-dashboard=true", "--dashboard-host=0.0.0.0", "--dashboard-port=8265")
    return [
        *("ray", "start", "--block"),
        *(head if role is Role.HEAD else ()),
        *(f"--dashboard-agent-listen-port={_AGENT}", f"--num-gpus={gpus}"),
        *more,
    ]


def _node(cluster: Cluster, number: int) -> dict[str, object]:
    """A node of compose.yaml, the head first; each has its own GPUs of the one machine."""
    role = Role.WORKER if number else Role.HEAD
    join = ("--address=head:6379",) if number else ()
    return {
        "name": f"{role}-{number}" if number else str(role),
        "command": ray_start(role, cluster.gpus, _OBJECT_STORE, *join),
        "healthy": HEALTHY[role],
        "gpus": [str(gpu) for gpu in range(number * cluster.gpus, (number + 1) * cluster.gpus)],
    }


def _host(cluster: Cluster, image: Published, role: Role) -> dict[str, object]:
    command = ray_start(role, cluster.gpus)
    return {
        "role": role,
        "hosts": (cluster.head,) if role is Role.HEAD else cluster.workers,
        "ports": PORTS[role],
        "healthy": HEALTHY[role],
        "command": command,
        "settings": _short_hash(image.fingerprint, *command, cluster.model, cluster.head),
    }


def _short_hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _compose_text(value: object) -> str:
    """A value as YAML's flow style, in which compose replaces no variable."""
    return json.dumps(value).replace("$", "$$")
