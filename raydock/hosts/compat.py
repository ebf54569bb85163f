"""Forward compatibility on hosts that accept it in hosts.yaml."""

from dataclasses import dataclass, replace
from subprocess import TimeoutExpired

from raydock.core.errors import HostError, OutOfReachError
from raydock.core.processes import Processes
from raydock.engine import ssh
from raydock.engine.host import Host
from raydock.model.image import ContainerImage
from raydock.model.variant import parse_name
from raydock.pick import nvidia_smi
from raydock.pick.forward import forward, is_covered
from raydock.publish.variant_image import of_image
from raydock.smoke.gpus import GpuRequest

_SECONDS = 20.0
_MARK = "##compat "
_SCRIPT = f"""PATH="$PATH:/usr/local/nvidia/bin"
timeout {_SECONDS:g} {nvidia_smi.QUERY} 2>&1
for folder in /usr/local/cuda-*/compat; do [ ! -e "$folder/libcuda.so.1" ] || echo "{_MARK}$folder"; done
"""


@dataclass(frozen=True, kw_only=True)
class Compat:
    """A host that accepts forward compatibility.

    Attributes:
        host: its GPUs and driver.
        folders: its folders of cuda-compat.
    """

    host: nvidia_smi.GpuHost
    folders: tuple[str, ...]

    def extend(self, request: GpuRequest, name: str, image: ContainerImage) -> GpuRequest:
        """Add forward compatibility to a request if an image needs it on the host.

        Raises HostError if the host does not have the package cuda-compat of the image's CUDA.
        """
        candidate = of_image(parse_name(name), "", image)
        needed = forward(candidate.variant.cuda)
        if not needed or not candidate.min_driver or not is_covered(candidate, self.host):
            return request
        if needed.folder not in self.folders:
            raise HostError(
                f"{self.host.name} accepts forward compatibility (hosts.yaml), but has no {needed.folder}.",
                meaning=f"Its driver {self.host.driver} is older than {candidate.min_driver}, which {name} needs.",
                todo=f"install {needed.package} on it from NVIDIA's package repository, or update its driver.",
            )
        libraries = ":".join(filter(None, (needed.folder, image.environment.get("LD_LIBRARY_PATH"))))
        variables = {**request.environment, **needed.environment, "LD_LIBRARY_PATH": libraries}
        return replace(request, environment=variables, folders=(*request.folders, needed.folder))


def read(host: Host, processes: Processes) -> Compat | None:
    """Read a host's driver, GPUs and folders of cuda-compat.

    Returns None if the host does not accept forward compatibility.

    Raises OutOfReachError if the host does not answer or is behind tcp://, HostError if its nvidia-smi fails.
    """
    if not host.forward_compat:
        return None
    if host.scheme == "tcp":
        raise OutOfReachError(
            f"{host.name} has `forward-compat: true` in hosts.yaml, but the driver's version cannot be read over tcp://.",
            todo="write its engine as ssh://USER@HOST, or remove forward-compat.",
        )
    lines = _run_script(host, processes).splitlines()
    [gpu_host] = nvidia_smi.parse("\n".join(line for line in lines if not line.startswith(_MARK)), host.name).values()
    if isinstance(gpu_host, HostError):
        raise gpu_host
    folders = tuple(line.removeprefix(_MARK) for line in lines if line.startswith(_MARK))
    return Compat(host=gpu_host, folders=folders)


def _run_script(host: Host, processes: Processes) -> str:
    if host.scheme == "ssh":
        return ssh.run_script(host, _SCRIPT, _SECONDS, processes)
    try:
        return processes.run(["sh", "-c", _SCRIPT], timeout=2 * _SECONDS).stdout
    except TimeoutExpired:
        raise OutOfReachError(f"{host.name}: nvidia-smi does not end.", todo="run `nvidia-smi` on it.") from None
