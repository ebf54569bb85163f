"""The checks: each looks at what was seen of a host and says one thing about it."""

from collections.abc import Callable

from raydock.doctor.checks import cdi, daemon, driver, engine, gpus, machine, network
from raydock.doctor.facts import Seen
from raydock.doctor.finding import HostFinding

CHECKS: tuple[Callable[[Seen], HostFinding], ...] = (
    engine.engine,
    engine.storage,
    engine.disk,
    gpus.path,
    gpus.driver,
    gpus.toolkit,
    gpus.health,
    gpus.xids,
    cdi.cdi,
    driver.files,
    driver.persistence,
    driver.upgrades,
    daemon.reload,
    daemon.daemon,
    machine.ulimits,
    machine.shm,
    machine.clock,
    network.ports,
    network.mtu,
    network.registry,
    network.dns,
    network.infiniband,
)
