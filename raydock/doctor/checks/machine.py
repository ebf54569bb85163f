"""The machine: limits, shared memory, clock."""

import re

from raydock.doctor.facts import Seen
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned

# Ray, "Configuring Ray", and `ray start`: fewer open files than this end in failed workers under load.
_OPEN_FILES = 65536
_PROCESSES = 32768
# Ray's object store takes this share of the memory, out of /dev/shm (ray._private.ray_constants).
_STORE = 0.3
_SKEW, _LARGE_SKEW = 1.0, 60.0
_LIMIT = re.compile(r"^(Max open files|Max processes|Max locked memory)\s+(\S+)", re.MULTILINE)


def ulimits(seen: Seen) -> HostFinding:
    """What containers inherit is enough for Ray."""
    text = seen.sections.get("limits", "")
    limits = {match[1].removeprefix("Max "): match[2] for match in _LIMIT.finditer(text)}
    if not limits:
        return skipped("ulimits", "neither containerd nor dockerd runs where this was asked")
    whose = seen.lines("limits")[0]
    words = f"{', '.join(f'{name} {value}' for name, value in limits.items())} ({whose})"
    low = [
        name
        for name, least in (("open files", _OPEN_FILES), ("processes", _PROCESSES))
        if limits.get(name, "").isdigit() and int(limits[name]) < least
    ]
    if low:
        todo = "in `systemctl edit docker` and `systemctl edit containerd`: LimitNOFILE=1048576, LimitNPROC=infinity."
        return warned("ulimits", f"{words}: too few {' and '.join(low)} for Ray's workers", todo)
    return passed("ulimits", words)


def shm(seen: Seen) -> HostFinding:
    """The host's /dev/shm holds Ray's object store, for containers that share it."""
    memory, mount = seen.lines("memory"), seen.lines("shm")
    if not memory or not mount:
        return skipped("shm", "no /dev/shm, or no word of the memory")
    has, total = int(mount[-1].split()[1]), int(memory[0])
    words = f"{has / 2**20:.1f} GiB of /dev/shm, {total / 2**20:.1f} GiB of memory"
    if has < _STORE * total:
        todo = "give containers --shm-size (`deploy docker` does), or `mount -o remount,size=50% /dev/shm`."
        return warned("shm", f"{words}: Ray's object store takes {_STORE:.0%} of the memory out of it", todo)
    return passed("shm", words)


def clock(seen: Seen) -> HostFinding:
    """The clock is kept right, and agrees with this machine's."""
    todo = "`timedatectl set-ntp true`, or fix chrony; a wrong clock breaks certificates, tokens and logs."
    synchronized = {"yes": "synchronized", "no": "not synchronized"}.get("".join(seen.lines("clock")), "")
    words = f"{synchronized or 'whether it is synchronized is not known'} there"
    least = _least_skew(seen)
    if least is not None:
        words += (
            f", {abs(least):.1f} s {'behind' if least < 0 else 'ahead'}" if least else ", agrees with this machine's"
        )
        if abs(least) > _LARGE_SKEW:
            return failed("clock", words, todo)
    if (least and abs(least) > _SKEW) or synchronized == "not synchronized":
        return warned("clock", words, todo)
    return passed("clock", words) if synchronized or least is not None else skipped("clock", words)


def _least_skew(seen: Seen) -> float | None:
    """The seconds by which the host's clock is off at least; 0 where it may be right, None where it is this machine's.

    The host was asked at some time between our question and our answer, less what its script took.
    """
    if seen.between is None or not seen.lines("ended"):
        return None
    asked, answered = seen.between
    began, ended = (float(seen.lines(section)[0]) for section in ("began", "ended"))
    low, high = ended - answered, began - asked
    return low if low > 0 else min(high, 0.0)
