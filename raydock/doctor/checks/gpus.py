"""GPUs: access from containers, driver, NVIDIA's toolkit, memory errors, Xids."""

from collections import Counter

from raydock.core.errors import HostError
from raydock.doctor import nvidia_smi_xml
from raydock.doctor.checks.cdi import find_stale
from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.doctor.xids import find
from raydock.engine.gpu_access import GpuAccess

_NONE = "this host has no NVIDIA GPU"
_INSTALL = "install nvidia-container-toolkit (NVIDIA's package repository), then `nvidia-ctk cdi generate`."


def path(facts: HostFacts) -> HostFinding:
    """The engine provides GPUs to containers, with the running driver's libraries."""
    if not facts.has_card:
        return skipped("gpu-path", _NONE)
    access = facts.gpu_access
    if access is None:
        return skipped("gpu-path", "the engine does not answer")
    if access.way is GpuAccess.NONE:
        return failed("gpu-path", access.summary, access.todo)
    running = "" if isinstance(facts.gpus, HostError) else facts.gpus.driver
    if access.way is GpuAccess.CDI and running and (stale := find_stale(facts, running)):
        message = f"{stale.path} is for driver {', '.join(stale.drivers)}, but {running} runs:"
        return failed("gpu-path", f"{message} no container with a GPU starts", f"`{stale.generate}`.")
    return passed("gpu-path", access.summary)


def driver(facts: HostFacts) -> HostFinding:
    """NVIDIA's driver answers."""
    if not facts.has_card and not facts.lines("gpus"):
        return skipped("driver", _NONE)
    if isinstance(facts.gpus, HostError):
        return failed("driver", facts.gpus.what, facts.gpus.todo)
    if not facts.gpus.gpus:
        return failed("driver", facts.gpus.remark, "`dmesg | grep -i nvrm`, or reboot the host.")
    report = nvidia_smi_xml.read(facts.sections.get("report", ""))
    own = f", CUDA {report.cuda}" if report and report.cuda else ""
    return passed("driver", f"driver {facts.gpus.driver}{own}, {len(facts.gpus.gpus)} GPUs")


def toolkit(facts: HostFacts) -> HostFinding:
    """NVIDIA's container toolkit, which updates CDI specifications, is installed."""
    if not facts.has_card:
        return skipped("toolkit", _NONE)
    version = facts.lines("toolkit")
    if version:
        return passed("toolkit", version[0])
    message = "nvidia-ctk is not installed"
    if facts.gpu_access is None or facts.gpu_access.way is GpuAccess.NONE:
        return failed("toolkit", message, _INSTALL)
    if facts.gpu_access.way is GpuAccess.CDI:
        message += ": the CDI specification is not updated for a new driver"
    return warned("toolkit", message, _INSTALL)


def health(facts: HostFacts) -> HostFinding:
    """No GPU has uncorrectable memory errors or needs a reset."""
    if not facts.has_card:
        return skipped("gpus", _NONE)
    report = nvidia_smi_xml.read(facts.sections.get("report", ""))
    if report is None or not report.cards:
        return skipped("gpus", "nvidia-smi has no report", "fix the driver first.")
    problems = [(card.number, problem) for card in report.cards for problem in card.problems]
    if not problems:
        names = Counter(f"{card.name} ({card.memory or '?'} MiB, ECC {card.ecc})" for card in report.cards)
        message = ", ".join(f"{count} x {name}" for name, count in names.items())
        return passed("gpus", f"{message}: no error, no reset needed")
    message = "; ".join(f"GPU {number}: {problem.message}" for number, problem in problems)
    todo = "; ".join(f"GPU {number}: {problem.todo}" for number, problem in problems) + "."
    return (failed if any(problem.severe for _, problem in problems) else warned)("gpus", message, todo)


def xids(facts: HostFacts) -> HostFinding:
    """The kernel log has no errors of the driver (Xids)."""
    if not facts.has_card:
        return skipped("xids", _NONE)
    if facts.lines("xids") == ["unreadable"]:
        return skipped("xids", "this user cannot read the kernel log", "run doctor or `dmesg | grep Xid` as root.")
    found = find(facts.lines("xids"))
    if not found:
        return passed("xids", "none in the kernel log")
    message = "; ".join(f"GPU at {xid.bus}: Xid {xid.number}, {xid.count} times: {xid.meaning}" for xid in found[:8])
    if any(xid.severe for xid in found):
        return failed("xids", message, "drain that GPU and reset it; if the errors come back, have it replaced.")
    return warned("xids", message, "check the program that ran at that time: such errors are usually its fault.")
