"""The files that start a cluster on Docker, rendered from templates/docker/."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from docker.utils.config import load_general_config

from raydock.contract.kuberay import AGENT_PORT
from raydock.core.errors import ConfigurationError
from raydock.core.files import write_whole
from raydock.core.program import localize
from raydock.core.templating import Templates
from raydock.deploy.docker import token
from raydock.deploy.docker.cluster import DockerCluster
from raydock.engine.cdi import KIND
from raydock.publish.variant_image import VariantImage

FOLDER = "docker"

_RAYLET = f"wget --no-proxy -T 2 -q -O- http://localhost:{AGENT_PORT}/api/local_raylet_healthz | grep -q success"
_GCS = "wget --no-proxy -T 10 -q -O- http://localhost:8265/api/gcs_healthz | grep -q success"
# Fits into the 2 GiB of /dev/shm that compose.yaml gives each node.
_OBJECT_STORE = "--object-store-memory=2000000000"


class Role(StrEnum):
    """The role of a host in a cluster."""

    HEAD = "head"
    WORKER = "worker"


# KubeRay 1.3's probes of a node (ray-operator/controllers/ray/common/pod.go), without a proxy.
HEALTHY = {Role.HEAD: f"{_RAYLET} && {_GCS}", Role.WORKER: _RAYLET}
# Ray's control store (GCS), the dashboard with the job API, the Ray Client server, and every node's dashboard agent.
PORTS = {Role.HEAD: (6379, 8265, 10001, AGENT_PORT), Role.WORKER: (AGENT_PORT,)}


# Hosts that are never reached through a proxy. The docker command gives every container the proxies of its config.json,
# which would receive the requests that `ray job submit` and `ray list` send to the dashboard.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Compose networks have addresses in these ranges, and Ray nodes use addresses for each other. Ray's HTTP client
# (requests) supports ranges in NO_PROXY. Source: RFC 1918 and RFC 6598, read 2026-11-29.
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


class ComposeFile(StrEnum):
    """The compose file for each way to request GPUs.

    Compose cannot choose at run time.
    """

    CDI = "compose.yaml"
    NVIDIA = "compose.nvidia.yaml"


@dataclass(frozen=True, kw_only=True)
class File:
    """A file to write.

    Attributes:
        name: the file's name.
        text: the file's content.
        program: whether the file is executable.
    """

    name: str
    text: str
    program: bool = False


def write_files(folder: Path, files: Iterable[File], *, force: bool) -> None:
    """Write the files of a cluster to a folder, with the commands of this raydock.

    Raises ConfigurationError if the folder has different files of these names, and `force` is false: a cluster may run
    from them. Then nothing is written.
    """
    texts = {folder / file.name: (localize(file.text), 0o755 if file.program else 0o644) for file in files}
    different = [path.name for path, (text, _) in texts.items() if path.exists() and path.read_text() != text]
    if different and not force:
        raise ConfigurationError(
            f"{folder} contains the files of a different cluster ({', '.join(different)}).",
            meaning="A cluster that was started from them would change at its next start.",
            todo="give a different --output, or --force to replace them.",
        )
    for path, (text, mode) in texts.items():
        write_whole(path, text, mode=mode)


def render_files(cluster: DockerCluster, image: VariantImage, templates: Templates) -> Iterator[File]:
    """Render the compose files, and a script and a systemd unit for each role.

    compose.nvidia.yaml is rendered only if the nodes have GPUs: without GPUs, the two compose files would be equal.
    """
    jinja = templates.environment(FOLDER)
    jinja.filters["text"] = _compose_text
    shared = {
        **{"cluster": cluster, "variant": cluster.variant.name, "image": image, "forward": cluster.forward},
        **{"token_file": token.NAME, "token_target": token.TARGET},
    }
    for access in ComposeFile if cluster.gpus else (ComposeFile.CDI,):
        nodes = [_node(cluster, number, access) for number in range(len(cluster.workers) + 1)]
        direct = ",".join((*LOOPBACK, *(str(node["name"]) for node in nodes), *PRIVATE))
        text = jinja.get_template("compose.yaml.j2").render(
            shared, nodes=nodes, access=access, direct=direct, **_machine_settings(cluster)
        )
        yield File(name=access, text=text)
    functions = templates.path(f"{FOLDER}/node.sh").read_text(encoding="utf-8").rstrip("\n")
    for role in Role:
        settings = _host_settings(cluster, image, role)
        script = jinja.get_template("host.sh.j2").render(shared, functions=functions, **settings)
        yield File(name=f"{role}.sh", text=script, program=True)
        unit = jinja.get_template("unit.service.j2").render(shared, role=role)
        yield File(name=f"raydock-{role}.service", text=unit)


def compose_lines(cluster: DockerCluster) -> Iterator[str]:
    """Say in one line for each compose file which hosts it is for."""
    if not cluster.gpus:
        yield f"{ComposeFile.CDI}: docker compose up --wait"
        return
    yield f"{ComposeFile.CDI}, if Docker provides GPUs by CDI: docker compose up --wait"
    yield f"{ComposeFile.NVIDIA}, if it has NVIDIA's runtime only: docker compose -f {ComposeFile.NVIDIA} up --wait"
    yield "`./build.py doctor` shows which one (check gpu-path)"


def configured_no_proxy() -> str:
    """Return the default `noProxy` of this machine's config.json, or ""."""
    proxies = load_general_config().get("proxies")
    default = proxies.get("default") if isinstance(proxies, dict) else None
    return str(default.get("noProxy") or "") if isinstance(default, dict) else ""


def ray_start(role: Role, gpus: int, *options: str) -> list[str]:
    """Return the command that starts a node and runs until the node ends."""
    head = ("--head", "--port=6379", "--include-dashboard=true", "--dashboard-host=0.0.0.0", "--dashboard-port=8265")
    return [
        *("ray", "start", "--block"),
        *(head if role is Role.HEAD else ()),
        *(f"--dashboard-agent-listen-port={AGENT_PORT}", f"--num-gpus={gpus}"),
        *options,
    ]


def _node(cluster: DockerCluster, number: int, access: ComposeFile) -> dict[str, object]:
    """Return a node of a compose file; node 0 is the head.

    Each node gets its own GPUs of the machine.
    """
    role = Role.WORKER if number else Role.HEAD
    join = ("--address=head:6379",) if number else ()
    return {
        "name": f"{role}-{number}" if number else str(role),
        "command": ray_start(role, cluster.gpus, _OBJECT_STORE, *join),
        "healthy": HEALTHY[role],
        "devices": _devices(range(number * cluster.gpus, (number + 1) * cluster.gpus), access),
    }


def _machine_settings(cluster: DockerCluster) -> dict[str, object]:
    """Return the mounts (source: target) and variables of a compose file's nodes.

    Forward compatibility is enabled only if every host accepts it: no option says on which host the file is used.
    """
    accepted = cluster.forward if len(cluster.forward_hosts) > len(cluster.workers) else None
    mounts = {cluster.model: "/model"} if cluster.model else {}
    mounts |= {accepted.folder: accepted.folder} if accepted else {}
    environment = {**token.variables(cluster), **(accepted.environment if accepted else {})}
    return {"mounts": mounts, "environment": environment, "older_driver": accepted is not None}


def _devices(gpus: range, access: ComposeFile) -> dict[str, object] | None:
    """Return a request for GPUs as in compose's `devices`; None without GPUs.

    Every Compose 2 reads this form. `devices: ["nvidia.com/gpu=0"]` needs Compose 2.30 (docker/compose pull request
    12184, read 2026-11-29).
    """
    if not gpus:
        return None
    if access is ComposeFile.CDI:
        return {"driver": "cdi", "device_ids": [f"{KIND}={gpu}" for gpu in gpus], "capabilities": ["gpu"]}
    return {"driver": "nvidia", "device_ids": [str(gpu) for gpu in gpus], "capabilities": ["gpu"]}


def _host_settings(cluster: DockerCluster, image: VariantImage, role: Role) -> dict[str, object]:
    command, variables = ray_start(role, cluster.gpus), token.variables(cluster)
    parts = "\0".join((image.fingerprint, *command, cluster.model, cluster.head, *variables.values()))
    return {
        "role": role,
        "hosts": (cluster.head,) if role is Role.HEAD else cluster.workers,
        "members": (cluster.head, *cluster.workers),
        "loopback": ",".join(LOOPBACK),
        "ports": PORTS[role],
        "healthy": HEALTHY[role],
        "command": command,
        "variables": [option for name, value in variables.items() for option in ("--env", f"{name}={value}")],
        "settings": hashlib.sha256(parts.encode()).hexdigest()[:12],
    }


def _compose_text(value: object) -> str:
    """Return a value in YAML's flow style.

    Each `$` is escaped so that compose replaces no variable.
    """
    return json.dumps(value).replace("$", "$$")
