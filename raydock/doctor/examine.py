"""Hosts looked at, all at once."""

import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, NotFound

from raydock.core.archive import first_file
from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.core.parallel import in_parallel
from raydock.core.processes import Processes
from raydock.doctor.checks import CHECKS
from raydock.doctor.facts import Engine, Seen, sections
from raydock.doctor.finding import Grade, HostFinding
from raydock.doctor.remote import place
from raydock.doctor.verdict import HostVerdict, judge
from raydock.engine.client import EngineClient, reaching
from raydock.engine.errors import interrupted
from raydock.engine.gpu_access import CDI_FOLDERS
from raydock.engine.host import Host
from raydock.engine.streams import printable
from raydock.hosts import cdi_specs
from raydock.hosts.engine import engine
from raydock.publish.variant_image import VariantImage

SCRIPT = (Path(__file__).parent / "ask.sh").read_text(encoding="utf-8")
# What a registry says that answers and has no such image, or wants to know who asks.
_REACHED = ("manifest unknown", "not found", "denied", "unauthorized", "authentication required", "no basic auth")

# As templates/docker/node.sh has them.
SETTINGS_LABEL = "raydock.settings"
NCCL_REPORT = "/tmp/raydock-nccl"  # noqa: S108 - in a container
_REPORT_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was found on a host; `error` where it could not be asked at all."""

    host: Host
    findings: tuple[HostFinding, ...] = ()
    verdict: HostVerdict | None = None
    error: RaydockError | None = None

    @property
    def passed(self) -> bool:
        return self.error is None and not any(finding.grade is Grade.FAILED for finding in self.findings)


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """Looks at hosts. `registry` is an image's full name; `needed` the bytes that the largest variant downloads."""

    candidates: Sequence[VariantImage]
    registry: str
    needed: int
    listener: Listener
    _processes: Processes = field(default_factory=Processes)

    def run(self, hosts: Sequence[Host]) -> list[Examined]:
        """What was found on every host, in their order; one that is down stops no other."""
        return in_parallel(self._host, hosts, len(hosts), self._processes.stop)

    def _host(self, host: Host) -> Examined:
        try:
            seen = self._look(host)
        except RaydockError as error:
            return Examined(host=host, error=error)
        findings = tuple(check(seen) for check in CHECKS)
        return Examined(host=host, findings=findings, verdict=judge(seen, self.candidates))

    def _look(self, host: Host) -> Seen:
        with ExitStack() as stack:
            self.listener(host.name, "asking its engine")
            client: EngineClient | None = None
            said: Engine | RaydockError
            try:
                client = stack.enter_context(engine(host, self._processes))
                said = ask_engine(client, self.registry)
            except RaydockError as error:
                said = error
            ask = place(host, client, self._processes)
            if ask is None:
                assert isinstance(said, RaydockError)
                raise said
            self.listener(host.name, "asking the host itself")
            asked = time.time()
            answer = ask(script(said.info if isinstance(said, Engine) else None, self.registry))
            between = None if host.scheme == "unix" else (asked, time.time())
        return Seen(
            name=host.name,
            sections=sections(answer),
            engine=said,
            registry=self.registry,
            needed=self.needed,
            forward_compat=host.forward_compat,
            between=between,
        )


def ask_engine(client: EngineClient, registry: str) -> Engine:
    """What an engine says of itself and of the registry. Raises OutOfReachError where it goes away."""
    with reaching("asking it about itself"):
        info = client.info()
        try:
            options = client.api.inspect_network("bridge").get("Options") or {}
            bridge = int(options.get("com.docker.network.driver.mtu", 1500))
        except NotFound:
            bridge = None
        try:
            client.api.inspect_distribution(registry)
            trouble = ""
        except APIError as error:
            said = str(error.explanation or error)
            trouble = "" if any(words in said.lower() for words in _REACHED) else said.strip()
        except DockerException as error:  # a login that cannot be read says nothing about the engine
            trouble = interrupted(error, f"looking for {registry}").what.rstrip(".")
        nccl = _nccl_reports(client)
    return Engine(info=info, bridge_mtu=bridge, registry_trouble=trouble, place=str(client.endpoint), nccl=nccl)


def _nccl_reports(client: EngineClient) -> dict[str, str]:
    """What gpu-nccl printed when each node of head.sh and worker.sh was started, by container."""
    reports = {}
    for container in client.containers.list(filters={"label": SETTINGS_LABEL}):
        with suppress(NotFound):  # a node without GPUs, or of an older script
            chunks, _ = container.get_archive(NCCL_REPORT)
            reports[str(container.name)] = printable(first_file(b"".join(chunks), _REPORT_BYTES))
    return reports


def script(info: Mapping[str, Any] | None, registry: str) -> str:
    """ask.sh with what it is given, and what prints the CDI specifications."""
    known = info or {}
    given = {
        "folder": str(known.get("DockerRootDir") or "/var/lib/docker"),
        "names": registry.partition("/")[0].partition(":")[0],
    }
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in given.items())
    folders = cdi_specs.given(tuple(known.get("CDISpecDirs") or CDI_FOLDERS))
    return f"{head}{folders}{SCRIPT}section cdi\n{cdi_specs.SCRIPT}"
