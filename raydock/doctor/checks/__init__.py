"""The checks: each reads a host's facts and returns one finding."""

from collections.abc import Callable

from raydock.doctor.checks import cdi, daemon, driver, engine, gpus, machine, network
from raydock.doctor.facts import HostFacts
from raydock.doctor.finding import HostFinding

CHECKS: tuple[Callable[[HostFacts], HostFinding], ...] = (
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
