"""The ways to run collect.sh: on this machine, over ssh, or in a container."""

from pathlib import Path
from subprocess import TimeoutExpired
from uuid import uuid4

from docker import DockerClient
from docker.types import Mount

from raydock.core.archive import tar
from raydock.core.errors import OutOfReachError
from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.cleanup import LABELS, remove
from raydock.engine.client import reaching
from raydock.engine.host import Host

SECONDS = 60.0

# The container's image is empty: its programs are the host's. The whole host is mounted at _ROOT, its new root.
_ROOT = "/host"
_PROGRAMS = ("/usr", "/bin", "/lib", "/lib64")


def run_script(host: Host, client: DockerClient | None, script: str, processes: Processes) -> str:
    """Run a script on a host and return its output.

    On a host behind tcp://, a privileged container with the host's processes and network runs the script, which needs
    a client of the host's engine. Raises OutOfReachError if the script does not end within a minute.
    """
    if host.scheme == "ssh":
        return ssh.run_script(host, script, SECONDS, processes)
    if host.scheme == "tcp":
        assert client
        return run_in_container(client, script)
    try:
        return processes.run(["sh", "-c", script], folder=Path("/"), timeout=SECONDS).stdout
    except TimeoutExpired:
        raise OutOfReachError(
            f"the checks of this machine did not end within {SECONDS:g} s.",
            todo="run `nvidia-smi` and `df` by hand to find which of them hangs.",
        ) from None


def run_in_container(client: DockerClient, script: str) -> str:
    """Run a script on an engine's host in a container and return its output.

    The container and its image are removed.
    """
    name = f"raydock-doctor-{uuid4().hex[:12]}"
    mounts = [Mount(path, path, type="bind", read_only=True) for path in _PROGRAMS]
    mounts.append(Mount(_ROOT, "/", type="bind", read_only=True))
    with reaching("checking its host in a container"):
        client.api.import_image_from_data(tar({}, folders=["host"]), repository=name, tag="empty")
        try:
            container = client.containers.create(
                f"{name}:empty",
                ["chroot", _ROOT, "/bin/sh", "-c", script],
                name=name,
                environment={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                labels=LABELS,
                privileged=True,
                network_mode="host",
                pid_mode="host",
                uts_mode="host",
                mounts=mounts,
            )
            container.start()
            container.wait(timeout=SECONDS)
            return str(container.logs(stdout=True, stderr=False).decode(errors="replace"))
        finally:
            remove(client, name)
            client.api.remove_image(f"{name}:empty", force=True)
