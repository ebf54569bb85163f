"""Where ask.sh runs: here, on a host by ssh, or in a container that sees a whole host."""

from collections.abc import Callable
from pathlib import Path
from subprocess import TimeoutExpired
from uuid import uuid4

from docker import DockerClient
from docker.types import Mount

from raydock.core.errors import OutOfReachError
from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.archive import tar
from raydock.engine.client import reaching
from raydock.engine.container import LABELS, remove
from raydock.engine.host import Host

SECONDS = 60.0
Ask = Callable[[str], str]

# A container of no image's: the programs are the host's, which it sees whole under _ROOT and changes its root to.
_ROOT = "/host"
_PROGRAMS = ("/usr", "/bin", "/lib", "/lib64")


def place(host: Host, client: DockerClient | None, processes: Processes) -> Ask | None:
    """What runs a script on a host and returns what it prints; None where there is no way to it.

    A host behind tcp:// is asked by a privileged container with its processes and network, so only while its engine
    answers. Raises OutOfReachError where a script does not end within a minute.
    """
    if host.scheme == "ssh":
        return lambda script: ssh.run_script(host, script, SECONDS, processes)
    if host.scheme == "unix":
        return lambda script: _here(script, processes)
    return (lambda script: inside(client, script)) if client else None


def _here(script: str, processes: Processes) -> str:
    try:
        return processes.run(["sh", "-c", script], folder=Path("/"), timeout=SECONDS).stdout
    except TimeoutExpired:
        raise OutOfReachError(
            f"this machine did not answer within {SECONDS:g} s.", todo="`nvidia-smi` and `df` by hand say which hangs."
        ) from None


def inside(client: DockerClient, script: str) -> str:
    """What a script prints that runs on an engine's host, by a container; nothing of it is left."""
    name = f"raydock-doctor-{uuid4().hex[:12]}"
    mounts = [Mount(path, path, type="bind", read_only=True) for path in _PROGRAMS]
    mounts.append(Mount(_ROOT, "/", type="bind", read_only=True))
    with reaching("asking its host by a container"):
        client.api.import_image_from_data(tar(["host"], {}, 0), repository=name, tag="empty")
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
