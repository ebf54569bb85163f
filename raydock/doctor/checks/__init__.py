"""The checks: each reads a host's facts and returns one finding."""

from collections.abc import Callable

from raydock.doctor.checks import cdi, daemon, driver, engine, gpus, machine, network
from raydock.doctor.facts import HostFacts, NotApplicableError
from raydock.doctor.finding import HostFinding, skipped

CheckFunction = Callable[[HostFacts], HostFinding]
CHECKS: dict[str, CheckFunction] = {
    "engine": engine.engine,
    "storage": engine.storage,
    "disk": engine.disk,
    "gpu-path": gpus.path,
    "driver": gpus.driver,
    "toolkit": gpus.toolkit,
    "gpus": gpus.health,
    "xids": gpus.xids,
    "cdi": cdi.cdi,
    "driver-files": driver.files,
    "persistence": driver.persistence,
    "upgrades": driver.upgrades,
    "reload": daemon.reload,
    "daemon": daemon.daemon,
    "ulimits": machine.ulimits,
    "shm": machine.shm,
    "clock": machine.clock,
    "ports": network.ports,
    "mtu": network.mtu,
    "registry": network.registry,
    "dns": network.dns,
    "infiniband": network.infiniband,
}


def run_checks(facts: HostFacts) -> dict[str, HostFinding]:
    """Run every check on a host's facts; return the findings by the checks' ids."""
    return {id: run_check(check, facts) for id, check in CHECKS.items()}


def run_check(check: CheckFunction, facts: HostFacts) -> HostFinding:
    """Run a check, which is skipped if the host lacks what it examines."""
    try:
        return check(facts)
    except NotApplicableError as reason:
        return skipped(str(reason))
