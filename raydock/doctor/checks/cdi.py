"""The CDI specifications: their driver, files, and state after a boot.

A running container keeps its devices. An outdated specification fails only at the next start of a container.
Source: NVIDIA Container Toolkit, Support for Container Device Interface (nvidia-cdi-refresh; after which changes a new
specification is needed); HaveAGitGat/Tdarr issue 1423; NVIDIA/nvidia-container-toolkit issue 450. Read 2026-11-29.
"""

from pathlib import PurePosixPath

from raydock.core.errors import HostError
from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.engine.cdi import CDI_FOLDERS, Specification, parse_specifications
from raydock.engine.gpu_access import GpuAccess
from raydock.hosts import cdi_specs

# Folders that are cleared at boot (Filesystem Hierarchy Standard 3.0, /run).
_VOLATILE = ("/run/", "/var/run/", "/tmp/")  # noqa: S108
_REFRESH = "nvidia-cdi-refresh.service"


def read_specifications(facts: HostFacts) -> list[Specification]:
    """Return the specifications of NVIDIA's GPUs; the highest priority is last."""
    folders = facts.require_engine().info.get("CDISpecDirs") or CDI_FOLDERS
    return parse_specifications(cdi_specs.parse(facts.sections.get("cdi", "")), folders)


def specifications_in_use(facts: HostFacts) -> list[Specification]:
    """Return the specifications that provide devices.

    The last specification that lists a device provides it (CDI 0.5, priority).
    """
    readable = read_specifications(facts)
    providers = {device: spec.path for spec in readable for device in spec.devices}
    return [spec for spec in readable if spec.path in providers.values()]


def find_stale(facts: HostFacts, driver: str) -> Specification | None:
    """Return a specification in use with libraries of a different driver version."""
    return next((spec for spec in specifications_in_use(facts) if spec.drivers and driver not in spec.drivers), None)


def cdi(facts: HostFacts) -> HostFinding:
    """The specifications list every GPU and only existing files, and survive a boot."""
    if not facts.has_card or facts.gpu_access is None or facts.gpu_access.way is not GpuAccess.CDI:
        return skipped("this host's engine does not provide GPUs by CDI")
    in_use = specifications_in_use(facts)
    if not in_use or "missing" not in facts.sections:
        return skipped("the specifications cannot be read")
    problems = (
        *(_missing_files(facts, spec) for spec in in_use),
        _not_renewed(facts, in_use[0]),
        _shadowed(facts, in_use),
        _missing_gpus(facts, in_use),
    )
    success = passed(f"{', '.join(spec.path for spec in in_use)}: every listed file exists")
    return next((problem for problem in problems if problem), success)


def _missing_files(facts: HostFacts, spec: Specification) -> HostFinding | None:
    """Return a failure if files of a specification do not exist on the host."""
    all_missing = frozenset(facts.lines("missing"))
    missing = [path for path in spec.files if path in all_missing]
    if not missing:
        return None
    more = f" and {len(missing) - 2} more" if len(missing) > 2 else ""
    message = f"{spec.path} lists {', '.join(missing[:2])}{more}, which this host does not have"
    todo = f"`{spec.generate}`; if a device node is missing, run `nvidia-modprobe -c 0 -u` first."
    if all("nvidia-persistenced" in path for path in missing):
        todo = f"`systemctl enable --now nvidia-persistenced`, or write it again: `{spec.generate}`."
    return failed(f"{message}: no container with a GPU starts", todo)


def _not_renewed(facts: HostFacts, spec: Specification) -> HostFinding | None:
    """Return a finding if no unit renews a specification after a boot or an update."""
    units = dict(line.partition(" ")[::2] for line in facts.lines("units"))
    if not units or units.get(_REFRESH) == "enabled":
        return None
    todo = f"`systemctl enable --now nvidia-cdi-refresh.path {_REFRESH}`."
    if not units.get(_REFRESH) or units[_REFRESH] == "not-found":
        lasting = f"nvidia-ctk cdi generate --output=/etc/cdi/{PurePosixPath(spec.path).name}"
        todo = f"update nvidia-container-toolkit to 1.18 or newer, which has {_REFRESH}; until then `{lasting}`, and"
        todo += " again after each driver update."
    if spec.path.startswith(_VOLATILE):
        message = f"{spec.path} is lost at the next boot, and {_REFRESH}, which writes it again, is not enabled"
        return failed(message, todo)
    return warned(f"no unit renews {spec.path} after a driver update", todo)


def _shadowed(facts: HostFacts, in_use: list[Specification]) -> HostFinding | None:
    """Return a warning on an unused specification of a different driver.

    It is used if the one in use is removed.
    """
    drivers = {driver for spec in in_use for driver in spec.drivers}
    for spec in read_specifications(facts):
        if spec not in in_use and spec.drivers and not drivers & {*spec.drivers}:
            message = f"{spec.path} lists the same GPUs as {in_use[-1].path}, but for driver {spec.drivers[0]}"
            return warned(message, f"`rm {spec.path}`, so that only one specification is left.")
    return None


def _missing_gpus(facts: HostFacts, in_use: list[Specification]) -> HostFinding | None:
    """Return a warning if the specifications list fewer GPUs than the driver."""
    listed = {device for spec in in_use for device in spec.devices if device.isdigit()}
    gpus = () if isinstance(facts.gpus, HostError) else facts.gpus.gpus
    if not listed or len(listed) >= len(gpus):
        return None
    return warned(f"{in_use[0].path} lists {len(listed)} of {len(gpus)} GPUs", f"`{in_use[0].generate}`.")
