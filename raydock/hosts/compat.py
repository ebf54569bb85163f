"""Forward compatibility on a host that hosts.yaml accepts it for: what the container with GPUs gets in addition."""

from dataclasses import dataclass, replace
from subprocess import TimeoutExpired

from raydock.core.errors import HostError, OutOfReachError
from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.host import Host
from raydock.model.image import ContainerImage
from raydock.model.variant import parse_name
from raydock.pick import nvidia_smi as hosts
from raydock.pick.forward import forward, is_covered
from raydock.publish.variant_image import of_image
from raydock.smoke.gpus import GpuRequest

_SECONDS = 20.0
_MARK = "##compat "
_SCRIPT = f"""PATH="$PATH:/usr/local/nvidia/bin"
timeout {_SECONDS:g} {hosts.QUERY} 2>&1
for folder in /usr/local/cuda-*/compat; do [ ! -e "$folder/libcuda.so.1" ] || echo "{_MARK}$folder"; done
"""


@dataclass(frozen=True, kw_only=True)
class Compat:
    """The GPUs and the driver of a host that accepts forward compatibility, and the folders of its cuda-compat."""

    host: hosts.GpuHost
    folders: tuple[str, ...]

    def wish(self, wish: GpuRequest, name: str, image: ContainerImage) -> GpuRequest:
        """The wish with what a variant's image needs if the host's driver is too old for it; else unchanged.

        Raises HostError if the host does not have the package cuda-compat of the image's CUDA.
        """
        candidate = of_image(parse_name(name), "", image)
        needed = forward(candidate.variant.cuda)
        if not needed or not candidate.min_driver or not is_covered(candidate, self.host):
            return wish
        if needed.folder not in self.folders:
            raise HostError(
                f"{self.host.name} accepts forward compatibility (hosts.yaml), and {needed.folder} is not there.",
                meaning=f"Its driver {self.host.driver} is older than {candidate.min_driver}, which {name} needs.",
                todo=f"install {needed.package} there from NVIDIA's package repository, or update its driver.",
            )
        libraries = ":".join(filter(None, (needed.folder, image.environment.get("LD_LIBRARY_PATH"))))
        variables = {**wish.environment, **needed.environment, "LD_LIBRARY_PATH": libraries}
        return replace(wish, environment=variables, folders=(*wish.folders, needed.folder))


def of(host: Host, processes: Processes) -> Compat | None:
    """What a host has for forward compatibility; None for a host that does not accept it.

    Raises OutOfReachError if it does not answer or is behind tcp://, HostError if its nvidia-smi fails.
    """
    if not host.forward_compat:
        return None
    if host.scheme == "tcp":
        raise OutOfReachError(
            f"{host.name} has `forward-compat: true` in hosts.yaml, and nothing reads its driver's version over tcp://.",
            todo="write its engine as ssh://USER@HOST, or leave forward-compat out.",
        )
    lines = _ask(host, processes).splitlines()
    [answer] = hosts.parse("\n".join(line for line in lines if not line.startswith(_MARK)), host.name).values()
    if isinstance(answer, HostError):
        raise answer
    folders = tuple(line.removeprefix(_MARK) for line in lines if line.startswith(_MARK))
    return Compat(host=answer, folders=folders)


def _ask(host: Host, processes: Processes) -> str:
    if host.scheme == "ssh":
        return ssh.run_script(host, _SCRIPT, _SECONDS, processes)
    try:
        return processes.run(["sh", "-c", _SCRIPT], timeout=2 * _SECONDS).stdout
    except TimeoutExpired:
        raise OutOfReachError(f"{host.name}: nvidia-smi does not end.", todo="run `nvidia-smi` there.") from None
