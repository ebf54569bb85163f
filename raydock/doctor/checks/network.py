"""The network: Ray's ports, MTU, the registry, names, InfiniBand."""

import re
from collections.abc import Sequence

from raydock.doctor.facts import Engine, Seen
from raydock.doctor.finding import HostFinding, failed, passed, skipped, warned
from raydock.probe.gpu.transport import UNUSED

PORTS = {
    6379: "Ray's head",
    8265: "the dashboard",
    10001: "Ray clients",
    8000: "Ray Serve",
    8080: "metrics",
    52365: "the dashboard's agent",
}
_LITERAL = re.compile(r"localhost|[\d.]+|\[.*\]")


def ports(seen: Seen) -> HostFinding:
    """Nobody listens on the ports that a Ray node takes."""
    if "listening" not in seen.sections:
        return skipped("ports", "the host was not asked")
    taken = {int(line.rpartition(":")[2], 16) for line in seen.lines("listening")} & PORTS.keys()
    if taken:
        words = ", ".join(f"{port} ({PORTS[port]})" for port in sorted(taken))
        first = min(taken)
        todo = f"`ss -ltnp 'sport = :{first}'` says who; stop it, unless it is the cluster that is meant to run here."
        return warned("ports", f"in use: {words}", todo)
    return passed("ports", f"{' '.join(map(str, PORTS))} are free")


def mtu(seen: Seen) -> HostFinding:
    """Containers send no packets that the network card cannot carry."""
    sizes = dict(line.split() for line in seen.lines("mtu") if len(line.split()) == 2)
    card = next(iter(seen.lines("route")), "")
    if card not in sizes:
        return skipped("mtu", "no default route")
    words = f"{card} {sizes[card]}"
    bridge = seen.engine.bridge_mtu if isinstance(seen.engine, Engine) else None
    if bridge is None:
        return passed("mtu", f"{words}; the engine has no bridge")
    if bridge > int(sizes[card]):
        todo = f'"mtu": {sizes[card]} in daemon.json, then restart Docker; or run Ray with the host\'s network.'
        return warned("mtu", f"{words}, containers' bridge {bridge}: large packets of containers are lost", todo)
    return passed("mtu", f"{words}, containers' bridge {bridge}")


def registry(seen: Seen) -> HostFinding:
    """The engine reaches the registry of matrix.yaml, with its own proxy and certificates."""
    if not isinstance(seen.engine, Engine):
        return skipped("registry", "the engine does not answer")
    name = seen.registry.rpartition(":")[0]
    if not seen.engine.registry_trouble:
        return passed("registry", f"{name} answers the engine")
    todo = "fix that, or send images: `./build.py smoke --host` does, layer by layer."
    return warned("registry", f"{name} cannot be asked from there: {seen.engine.registry_trouble}", todo)


def dns(seen: Seen) -> HostFinding:
    """The host's own name and the registry's resolve."""
    answers = [line.split() for line in seen.lines("names")]
    if not answers:
        return skipped("dns", "the host was not asked")
    (own, *_), *_ = answers
    lacking = [name for name, *addresses in answers if not addresses and not _LITERAL.fullmatch(name)]
    if own in lacking:
        todo = f"add `ADDRESS {own}` to /etc/hosts: Ray, Gloo and NCCL look their own host's name up."
        return failed("dns", f"its own name {own} has no address", todo)
    if lacking:
        return failed("dns", f"{', '.join(lacking)} has no address there", "fix /etc/resolv.conf, or /etc/hosts.")
    return passed("dns", ", ".join(f"{name} is {addresses[0]}" for name, *addresses in answers if addresses))


def infiniband(seen: Seen) -> HostFinding:
    """InfiniBand and RoCE are used if a port is active, and what NCCL chose in the nodes that run here."""
    if "infiniband" not in seen.sections:
        return skipped("infiniband", "the host was not asked")
    ports = [line.split() for line in seen.lines("infiniband")]
    active = [f"{name} ({layer})" for name, layer, *state in ports if state[-1:] == ["ACTIVE"]]
    nodes = seen.engine.nccl if isinstance(seen.engine, Engine) else {}
    words = "; ".join([_ports_words(len(ports), active), *(f"{name}: {report}" for name, report in nodes.items())])
    if active and not seen.lines("verbs"):
        todo = "`modprobe ib_uverbs`, and name it in /etc/modules-load.d/; then start the nodes again."
        return warned("infiniband", f"{words}: /dev/infiniband has no device, so that NCCL uses TCP", todo)
    if any(UNUSED in report for report in nodes.values()):
        return warned("infiniband", words, "fix what the warning names, then start the node again.")
    return passed("infiniband", words) if ports or nodes else skipped("infiniband", words)


def _ports_words(count: int, active: Sequence[str]) -> str:
    if not count:
        return "no InfiniBand or RoCE card"
    return f"active ports: {', '.join(active) or 'none'} of {count}"
