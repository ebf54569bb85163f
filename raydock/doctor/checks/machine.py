"""The machine: limits, shared memory, clock."""

import re

from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned

# Ray, "Configuring Ray", and `ray start`: with fewer open files, workers fail under load.
_OPEN_FILES = 65536
_PROCESSES = 32768
# The share of the memory that Ray's object store takes from /dev/shm (ray._private.ray_constants).
_STORE = 0.3
_SKEW, _LARGE_SKEW = 1.0, 60.0
_LIMIT = re.compile(r"^(Max open files|Max processes|Max locked memory)\s+(\S+)", re.MULTILINE)


def ulimits(facts: HostFacts) -> HostFinding:
    """The limits that containers inherit are high enough for Ray."""
    text = facts.sections.get("limits", "")
    limits = {match[1].removeprefix("Max "): match[2] for match in _LIMIT.finditer(text)}
    if not limits:
        return skipped("neither containerd nor dockerd runs on the host")
    process = facts.lines("limits")[0]
    message = f"{', '.join(f'{name} {value}' for name, value in limits.items())} ({process})"
    low = [
        name
        for name, least in (("open files", _OPEN_FILES), ("processes", _PROCESSES))
        if limits.get(name, "").isdigit() and int(limits[name]) < least
    ]
    if low:
        todo = "in `systemctl edit docker` and `systemctl edit containerd`: LimitNOFILE=1048576, LimitNPROC=infinity."
        return warned(f"{message}: too few {' and '.join(low)} for Ray's workers", todo)
    return passed(message)


def shm(facts: HostFacts) -> HostFinding:
    """The host's /dev/shm is large enough for Ray's object store."""
    memory, mount = facts.lines("memory"), facts.lines("shm")
    if not memory or not mount:
        return skipped("the size of /dev/shm or of the memory cannot be read")
    size, total = int(mount[-1].split()[1]), int(memory[0])
    message = f"{size / 2**20:.1f} GiB of /dev/shm, {total / 2**20:.1f} GiB of memory"
    if size < _STORE * total:
        todo = "give containers --shm-size (`deploy docker` does), or `mount -o remount,size=50% /dev/shm`."
        return warned(f"{message}: Ray's object store needs {_STORE:.0%} of the memory in /dev/shm", todo)
    return passed(message)


def clock(facts: HostFacts) -> HostFinding:
    """The clock is synchronized, and agrees with this machine's."""
    todo = "`timedatectl set-ntp true`, or fix chrony; a wrong clock breaks certificates, tokens and logs."
    synchronized = {"yes": "synchronized", "no": "not synchronized"}.get("".join(facts.lines("clock")), "")
    message = synchronized or "whether it is synchronized is not known"
    skew = _least_skew(facts)
    if skew is not None:
        message += (
            f", {abs(skew):.1f} s {'behind' if skew < 0 else 'ahead'}" if skew else ", agrees with this machine's"
        )
        if abs(skew) > _LARGE_SKEW:
            return failed(message, todo)
    if (skew and abs(skew) > _SKEW) or synchronized == "not synchronized":
        return warned(message, todo)
    return passed(message) if synchronized or skew is not None else skipped(message)


def _least_skew(facts: HostFacts) -> float | None:
    """Return the minimum skew of the host's clock in seconds.

    Returns None if the host is this machine. The host's times of the script must lie between this machine's times
    before and after it. The skew is 0 if they do.
    """
    if facts.between is None or not facts.lines("ended"):
        return None
    started, answered = facts.between
    began, ended = (float(facts.lines(section)[0]) for section in ("began", "ended"))
    low, high = ended - answered, began - started
    return low if low > 0 else min(high, 0.0)
