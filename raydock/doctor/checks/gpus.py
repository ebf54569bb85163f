"""GPUs: access from containers, driver, NVIDIA's toolkit, memory errors, Xids."""

from collections import Counter

from raydock.core.errors import HostError
from raydock.doctor.checks.cdi import find_stale
from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.doctor.xids import describe
from raydock.engine.gpu_access import GpuAccess

_INSTALL = "install nvidia-container-toolkit (NVIDIA's package repository), then `nvidia-ctk cdi generate`."


def path(facts: HostFacts) -> HostFinding:
    """The engine provides GPUs to containers, with the running driver's libraries."""
    access = facts.require_gpu_access()
    if access.way is GpuAccess.NONE:
        return failed(access.summary, access.todo)
    running = "" if isinstance(facts.gpus, HostError) else facts.gpus.driver
    if access.way is GpuAccess.CDI and running and (stale := find_stale(facts, running)):
        message = f"{stale.path} is for driver {', '.join(stale.drivers)}, but {running} runs:"
        return failed(f"{message} no container with a GPU starts", f"`{stale.generate}`.")
    return passed(access.summary)


def driver(facts: HostFacts) -> HostFinding:
    """NVIDIA's driver answers."""
    if not facts.lines("gpus"):
        facts.require_card()
    if isinstance(facts.gpus, HostError):
        return failed(facts.gpus.what, facts.gpus.todo)
    if not facts.gpus.gpus:
        return failed(facts.gpus.remark, "`dmesg | grep -i nvrm`, or reboot the host.")
    own = f", CUDA {facts.smi.cuda}" if facts.smi and facts.smi.cuda else ""
    return passed(f"driver {facts.gpus.driver}{own}, {len(facts.gpus.gpus)} GPUs")


def toolkit(facts: HostFacts) -> HostFinding:
    """NVIDIA's container toolkit, which updates CDI specifications, is installed."""
    facts.require_card()
    version = facts.lines("toolkit")
    if version:
        return passed(version[0])
    message = "nvidia-ctk is not installed"
    if facts.gpu_access is None or facts.gpu_access.way is GpuAccess.NONE:
        return failed(message, _INSTALL)
    if facts.gpu_access.way is GpuAccess.CDI:
        message += ": the CDI specification is not updated for a new driver"
    return warned(message, _INSTALL)


def health(facts: HostFacts) -> HostFinding:
    """No GPU has uncorrectable memory errors or needs a reset."""
    facts.require_card()
    cards = facts.smi.cards if facts.smi else ()
    if not cards:
        return skipped("nvidia-smi has no report", "fix the driver first.")
    problems = [(card.number, problem) for card in cards for problem in card.problems]
    if not problems:
        names = Counter(f"{card.name} ({card.memory or '?'} MiB, ECC {card.ecc})" for card in cards)
        message = ", ".join(f"{count} x {name}" for name, count in names.items())
        return passed(f"{message}: no error, no reset needed")
    message = "; ".join(f"GPU {number}: {problem.message}" for number, problem in problems)
    todo = "; ".join(f"GPU {number}: {problem.todo}" for number, problem in problems) + "."
    return (failed if any(problem.severe for _, problem in problems) else warned)(message, todo)


def xids(facts: HostFacts) -> HostFinding:
    """The kernel log has no errors of the driver (Xids)."""
    facts.require_card()
    if facts.lines("xids") == ["unreadable"]:
        return skipped("this user cannot read the kernel log", "run doctor or `dmesg | grep Xid` as root.")
    found = describe(facts.lines("xids"))
    if not found:
        return passed("none in the kernel log")
    message = "; ".join(list(found)[:8])
    if any(found.values()):
        return failed(message, "drain that GPU and reset it; if the errors come back, have it replaced.")
    return warned(message, "check the program that ran at that time: such errors are usually its fault.")
