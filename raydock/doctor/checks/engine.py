"""The engine, its storage driver and its disk."""

from raydock.doctor.facts import EngineFacts, HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.engine.client import description, without_limits

# The first release of Docker that reads CDI specifications.
_CDI = 25
_LIMITS = (
    "boot the host with cgroup v2 (`systemd.unified_cgroup_hierarchy=1`), and delegate the controllers to users:"
    " https://rootlesscontaine.rs/getting-started/common/cgroup2/."
)
_GOOD_DRIVERS = {"overlay2", "overlayfs", "btrfs", "zfs"}


def engine(facts: HostFacts) -> HostFinding:
    """The engine answers, supports CDI, and enforces limits of memory and CPU."""
    if not isinstance(facts.engine, EngineFacts):
        return failed(facts.engine.what, facts.engine.todo)
    info = facts.engine.info
    version = str(info["ServerVersion"])
    message = f"{description(info)}, on {info.get('OperatingSystem')}, kernel {info.get('KernelVersion')}"
    message += f"; at {facts.engine.place}" if facts.engine.place else ""
    if int(version.partition(".")[0]) < _CDI:
        return warned(f"{message}: it does not support CDI", f"update Docker to {_CDI} or newer.")
    if unlimited := without_limits(info):
        return warned(f"{message}; {unlimited}", _LIMITS)
    return passed(message)


def storage(facts: HostFacts) -> HostFinding:
    """The storage driver shares layers."""
    info = facts.require_engine().info
    driver = str(info["Driver"])
    status = {str(key): str(value) for key, value in info.get("DriverStatus") or ()}
    backing = status.get("Backing Filesystem") or status.get("driver-type") or "?"
    message = f"{driver} on {backing}"
    if driver == "vfs":
        return failed(f"{message} copies all layers of every image", "use overlay2 in daemon.json.")
    if status.get("Supports d_type") == "false":
        return failed(f"{message} has no d_type", "create the file system again: `mkfs.xfs -n ftype=1`.")
    if driver not in _GOOD_DRIVERS:
        return warned(f"{message} is slow, or no longer maintained", "use overlay2 in daemon.json.")
    return passed(message)


def disk(facts: HostFacts) -> HostFinding:
    """The disk has room for our largest image.

    That is the download, the unpacked image, and both again for an update.
    """
    folder, lines = facts.require_engine().info["DockerRootDir"], facts.lines("disk")
    if not lines:
        return skipped("the engine's folder is not on this machine")
    free = int(lines[-1].split()[3]) * 1024
    message = f"{free / 1e9:.0f} GB free for {folder}; our largest variant downloads {facts.needed / 1e9:.1f} GB"
    todo = "`docker system df` shows what can be removed; `docker image prune` removes images without a tag."
    if free < 2 * facts.needed:
        return failed(f"{message} and needs twice that unpacked", todo)
    if free < 4 * facts.needed:
        return warned(f"{message}: there is room for only one such image", todo)
    return passed(message)
