"""GPUs: how containers get them, their driver, NVIDIA's toolkit, ECC errors and Xids."""

from collections import Counter

from raydock.core.errors import HostError
from raydock.doctor import nvidia_smi_xml
from raydock.doctor.checks.cdi import stale
from raydock.doctor.facts import Seen
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.doctor.xids import find
from raydock.engine.gpu_access import GpuAccess

_NONE = "this host has no NVIDIA GPU"
_INSTALL = "install nvidia-container-toolkit (NVIDIA's package repository), then `nvidia-ctk cdi generate`."


def path(seen: Seen) -> HostFinding:
    """The engine can give a container GPUs, with the libraries of the driver that runs."""
    if not seen.has_card:
        return skipped("gpu-path", _NONE)
    found = seen.handout
    if found is None:
        return skipped("gpu-path", "the engine does not answer")
    if found.way is GpuAccess.NONE:
        return failed("gpu-path", found.summary, found.todo)
    running = "" if isinstance(seen.gpus, HostError) else seen.gpus.driver
    if found.way is GpuAccess.CDI and running and (old := stale(seen, running)):
        words = f"{old.path} is of driver {', '.join(old.drivers)}, and {running} runs: no container with a GPU starts"
        return failed("gpu-path", words, f"`{old.generate}`.")
    return passed("gpu-path", found.summary)


def driver(seen: Seen) -> HostFinding:
    """NVIDIA's driver answers."""
    if not seen.has_card and not seen.lines("gpus"):
        return skipped("driver", _NONE)
    if isinstance(seen.gpus, HostError):
        return failed("driver", seen.gpus.what, seen.gpus.todo)
    if not seen.gpus.gpus:
        return failed("driver", seen.gpus.remark, "`dmesg | grep -i nvrm`, or reboot the host.")
    report = nvidia_smi_xml.read(seen.sections.get("report", ""))
    own = f", CUDA {report.cuda}" if report and report.cuda else ""
    return passed("driver", f"driver {seen.gpus.driver}{own}, {len(seen.gpus.gpus)} GPUs")


def toolkit(seen: Seen) -> HostFinding:
    """NVIDIA's container toolkit is there, which keeps CDI specifications fresh."""
    if not seen.has_card:
        return skipped("toolkit", _NONE)
    said = seen.lines("toolkit")
    if said:
        return passed("toolkit", said[0])
    words = "nvidia-ctk is not there"
    if seen.handout is None or seen.handout.way is GpuAccess.NONE:
        return failed("toolkit", words, _INSTALL)
    if seen.handout.way is GpuAccess.CDI:
        words += ": the CDI specification will not follow a new driver"
    return warned("toolkit", words, _INSTALL)


def health(seen: Seen) -> HostFinding:
    """No GPU has uncorrectable memory errors or asks for a reset."""
    if not seen.has_card:
        return skipped("gpus", _NONE)
    report = nvidia_smi_xml.read(seen.sections.get("report", ""))
    if report is None or not report.cards:
        return skipped("gpus", "nvidia-smi gives no report", "fix the driver first.")
    troubles = [(card.number, trouble) for card in report.cards for trouble in card.troubles]
    if not troubles:
        names = Counter(f"{card.name} ({card.memory or '?'} MiB, ECC {card.ecc})" for card in report.cards)
        words = ", ".join(f"{count} x {name}" for name, count in names.items())
        return passed("gpus", f"{words}: no error, no reset asked for")
    words = "; ".join(f"GPU {number}: {trouble.words}" for number, trouble in troubles)
    todo = "; ".join(f"GPU {number}: {trouble.todo}" for number, trouble in troubles) + "."
    return (failed if any(trouble.grave for _, trouble in troubles) else warned)("gpus", words, todo)


def xids(seen: Seen) -> HostFinding:
    """The kernel's log has no error of the driver's."""
    if not seen.has_card:
        return skipped("xids", _NONE)
    if seen.lines("xids") == ["unreadable"]:
        return skipped("xids", "this user may not read the kernel's log", "ask as root, or `dmesg | grep Xid` there.")
    found = find(seen.lines("xids"))
    if not found:
        return passed("xids", "none in the kernel's log")
    words = "; ".join(f"GPU at {item.bus}: Xid {item.number}, {item.count} times: {item.words}" for item in found[:8])
    if any(item.grave for item in found):
        return failed("xids", words, "drain that GPU and reset it; if they come back, have it replaced.")
    return warned("xids", words, "look at what ran then: as a rule it is that program's fault.")
