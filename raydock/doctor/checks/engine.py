"""The engine, its storage driver and its disk."""

from raydock.doctor.facts import Engine, Seen
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.engine.client import description, without_limits

# Docker reads CDI specifications from this one on.
_CDI = 25
_LIMITS = (
    "boot the host with cgroup v2 (`systemd.unified_cgroup_hierarchy=1`), and delegate the controllers to users:"
    " https://rootlesscontaine.rs/getting-started/common/cgroup2/."
)
_GOOD_DRIVERS = {"overlay2", "overlayfs", "btrfs", "zfs"}


def engine(seen: Seen) -> HostFinding:
    """It answers, is new enough for CDI, and enforces limits of memory and CPU."""
    if not isinstance(seen.engine, Engine):
        return failed("engine", seen.engine.what, seen.engine.todo)
    info = seen.engine.info
    version = str(info["ServerVersion"])
    words = f"{description(info)}, on {info.get('OperatingSystem')}, kernel {info.get('KernelVersion')}"
    words += f"; at {seen.engine.place}" if seen.engine.place else ""
    if int(version.partition(".")[0]) < _CDI:
        return warned("engine", f"{words}: it knows no CDI", f"update Docker to {_CDI} or newer.")
    if unlimited := without_limits(info):
        return warned("engine", f"{words}; {unlimited}", _LIMITS)
    return passed("engine", words)


def storage(seen: Seen) -> HostFinding:
    """Its storage driver shares layers."""
    if seen.info is None:
        return skipped("storage", "the engine does not answer")
    driver = str(seen.info["Driver"])
    status = {str(key): str(value) for key, value in seen.info.get("DriverStatus") or ()}
    backing = status.get("Backing Filesystem") or status.get("driver-type") or "?"
    words = f"{driver} on {backing}"
    if driver == "vfs":
        return failed("storage", f"{words} copies every layer of every image whole", "use overlay2 in daemon.json.")
    if status.get("Supports d_type") == "false":
        return failed("storage", f"{words} has no d_type", "make its file system again: `mkfs.xfs -n ftype=1`.")
    if driver not in _GOOD_DRIVERS:
        return warned("storage", f"{words} is slow, or no longer maintained", "use overlay2 in daemon.json.")
    return passed("storage", words)


def disk(seen: Seen) -> HostFinding:
    """There is room for our largest image: pulled, unpacked, and once more while a newer one comes."""
    lines = seen.lines("disk")
    if seen.info is None or not lines:
        reason = "the engine does not answer" if seen.info is None else "the engine's folder is not on this machine"
        return skipped("disk", reason)
    folder, free = seen.info["DockerRootDir"], int(lines[-1].split()[3]) * 1024
    words = f"{free / 1e9:.0f} GB free for {folder}; our largest variant downloads {seen.needed / 1e9:.1f} GB"
    todo = "`docker system df` says what can go; `docker image prune` removes what has no tag."
    if free < 2 * seen.needed:
        return failed("disk", f"{words}, and is twice that unpacked", todo)
    if free < 4 * seen.needed:
        return warned("disk", f"{words}: room for one such image", todo)
    return passed("disk", words)
