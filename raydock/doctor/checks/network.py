"""The network: Ray's ports, MTU, the registry, host names, InfiniBand."""

import re
from collections.abc import Sequence

from raydock.doctor.facts import EngineFacts, HostFacts
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


def ports(facts: HostFacts) -> HostFinding:
    """No program listens on the ports that a Ray node uses."""
    if "listening" not in facts.sections:
        return skipped("the listening ports are not known")
    taken = {int(line.rpartition(":")[2], 16) for line in facts.lines("listening")} & PORTS.keys()
    if taken:
        message = ", ".join(f"{port} ({PORTS[port]})" for port in sorted(taken))
        first = min(taken)
        todo = f"`ss -ltnp 'sport = :{first}'` shows the program; stop it, unless it is your own cluster."
        return warned(f"in use: {message}", todo)
    return passed(f"{' '.join(map(str, PORTS))} are free")


def mtu(facts: HostFacts) -> HostFinding:
    """The containers' bridge exists, and its MTU is not larger than the network card's."""
    sizes = dict(line.split() for line in facts.lines("mtu") if len(line.split()) == 2)
    engine = facts.engine if isinstance(facts.engine, EngineFacts) else None
    if sizes and engine and engine.bridge and engine.bridge not in sizes:
        message = f"the containers' bridge {engine.bridge} does not exist: no container with a network starts"
        return failed(message, "restart Docker, which makes it again: `sudo systemctl restart docker`.")
    card = next(iter(facts.lines("route")), "")
    if card not in sizes:
        return skipped("no default route")
    message = f"{card} {sizes[card]}"
    bridge = engine.bridge_mtu if engine else None
    if bridge is None:
        return passed(f"{message}; the engine has no bridge")
    if bridge > int(sizes[card]):
        todo = f'"mtu": {sizes[card]} in daemon.json, then restart Docker; or run Ray with the host\'s network.'
        return warned(f"{message}, containers' bridge {bridge}: large packets of containers are lost", todo)
    return passed(f"{message}, containers' bridge {bridge}")


def registry(facts: HostFacts) -> HostFinding:
    """The engine reaches matrix.yaml's registry, with its own proxy and certificates."""
    error, name = facts.require_engine().registry_error, facts.registry.rpartition(":")[0]
    if not error:
        return passed(f"{name} answers the engine")
    todo = "fix that, or send images with `./build.py smoke --host`, which sends only the missing layers."
    return warned(f"the engine cannot reach {name}: {error}", todo)


def dns(facts: HostFacts) -> HostFinding:
    """The host's own name and the registry's resolve."""
    answers = [line.split() for line in facts.lines("names")]
    if not answers:
        return skipped("the addresses of host names are not known")
    (own, *_), *_ = answers
    unresolved = [name for name, *addresses in answers if not addresses and not _LITERAL.fullmatch(name)]
    if own in unresolved:
        todo = f"add `ADDRESS {own}` to /etc/hosts: Ray, Gloo and NCCL resolve their own host's name."
        return failed(f"the host cannot resolve its own name {own}", todo)
    if unresolved:
        return failed(f"the host cannot resolve {', '.join(unresolved)}", "fix /etc/resolv.conf or /etc/hosts.")
    return passed(", ".join(f"{name} is {addresses[0]}" for name, *addresses in answers if addresses))


def infiniband(facts: HostFacts) -> HostFinding:
    """InfiniBand and RoCE are used if a port is active.

    The nodes on the host report what NCCL chose.
    """
    if "infiniband" not in facts.sections:
        return skipped("the InfiniBand and RoCE ports are not known")
    ports = [line.split() for line in facts.lines("infiniband")]
    active = [f"{name} ({layer})" for name, layer, *state in ports if state[-1:] == ["ACTIVE"]]
    nodes = facts.engine.nccl if isinstance(facts.engine, EngineFacts) else {}
    message = "; ".join([_describe_ports(len(ports), active), *(f"{name}: {report}" for name, report in nodes.items())])
    if active and not facts.lines("verbs"):
        todo = "`modprobe ib_uverbs`, and add it to /etc/modules-load.d/; then start the nodes again."
        return warned(f"{message}: /dev/infiniband has no device, so NCCL uses TCP", todo)
    if any(UNUSED in report for report in nodes.values()):
        return warned(message, "fix the cause in the warning, then start the node again.")
    return passed(message) if ports or nodes else skipped(message)


def _describe_ports(count: int, active: Sequence[str]) -> str:
    if not count:
        return "no InfiniBand or RoCE card"
    return f"active ports: {', '.join(active) or 'none'} of {count}"
