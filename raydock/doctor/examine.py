"""The examination of hosts, all at the same time."""

import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, NotFound

from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.core.parallel import in_parallel
from raydock.core.processes import Processes
from raydock.doctor.checks import run_checks
from raydock.doctor.facts import EngineFacts, HostFacts, split_sections
from raydock.doctor.finding import Grade, HostFinding
from raydock.doctor.remote import run_script
from raydock.doctor.verdict import HostVerdict, judge
from raydock.engine import channel
from raydock.engine.cdi import CDI_FOLDERS
from raydock.engine.client import EngineClient, is_rootless, reaching
from raydock.engine.errors import interrupted
from raydock.engine.host import Host
from raydock.engine.streams import printable
from raydock.hosts import cdi_specs
from raydock.hosts.engine import open_engine
from raydock.publish.variant_image import VariantImage

SCRIPT = (Path(__file__).parent / "collect.sh").read_text(encoding="utf-8")
# Messages of a registry that answers but does not have the image or requires a login.
_REACHED = ("manifest unknown", "not found", "denied", "unauthorized", "authentication required", "no basic auth")

# The same values as in templates/docker/node.sh.
SETTINGS_LABEL = "raydock.settings"
NCCL_REPORT = "/tmp/raydock-nccl"  # noqa: S108 - in a container
_REPORT_SIZE = 4096


@dataclass(frozen=True, kw_only=True)
class HostReport:
    """The result of a host's examination.

    Attributes:
        host: the host.
        findings: the finding of each check, by the check's id.
        verdict: the variants that the host can run.
        error: why the host could not be examined; None if it was.
    """

    host: Host
    findings: Mapping[str, HostFinding] = field(default_factory=dict)
    verdict: HostVerdict | None = None
    error: RaydockError | None = None

    @property
    def passed(self) -> bool:
        """Whether the host was examined and no check failed."""
        return self.error is None and not any(finding.grade is Grade.FAILED for finding in self.findings.values())


@dataclass(frozen=True, kw_only=True)
class Examiner:
    """Examines hosts.

    Attributes:
        candidates: the images whose requirements are compared with each host.
        registry: the full name of an image in the registry that must be reachable.
        needed: the download size of the largest variant in bytes.
        listener: receives the progress.
        _processes: runs ssh and local scripts.
    """

    candidates: Sequence[VariantImage]
    registry: str
    needed: int
    listener: Listener
    _processes: Processes = field(default_factory=Processes)

    def run(self, hosts: Sequence[Host]) -> list[HostReport]:
        """Examine all hosts; return the reports in their order.

        A host that is down does not stop the others.
        """
        return in_parallel(self._examine, hosts, len(hosts), self._processes.stop)

    def _examine(self, host: Host) -> HostReport:
        try:
            facts = self._collect(host)
        except RaydockError as error:
            return HostReport(host=host, error=error)
        return HostReport(host=host, findings=run_checks(facts), verdict=judge(facts, self.candidates))

    def _collect(self, host: Host) -> HostFacts:
        with ExitStack() as stack:
            self.listener(host.name, "reading the engine's settings")
            client: EngineClient | None = None
            answer: EngineFacts | RaydockError
            try:
                client = stack.enter_context(open_engine(host, self._processes))
                answer = inspect_engine(client, self.registry)
            except RaydockError as error:
                if client is None and host.scheme == "tcp":  # only the engine can run a script on its host
                    raise
                answer = error
            self.listener(host.name, "checking the host itself")
            started = time.time()
            script = make_script(answer.info if isinstance(answer, EngineFacts) else None, self.registry)
            output = run_script(host, client, script, self._processes)
            between = None if host.scheme == "unix" else (started, time.time())
        return HostFacts(
            host=host,
            sections=split_sections(output),
            engine=answer,
            registry=self.registry,
            needed=self.needed,
            between=between,
        )


def inspect_engine(client: EngineClient, registry: str) -> EngineFacts:
    """Read an engine's settings and let it look up an image in the registry.

    Raises OutOfReachError if the engine stops answering.
    """
    with reaching("reading the engine's settings"):
        info = client.info()
        try:
            options = client.api.inspect_network("bridge").get("Options") or {}
            bridge = options.get("com.docker.network.bridge.name", "") if not is_rootless(info) else ""
            mtu = int(options.get("com.docker.network.driver.mtu", 1500))
        except NotFound:
            bridge, mtu = "", None
        try:
            client.api.inspect_distribution(registry)
            failure = ""
        except APIError as error:
            message = str(error.explanation or error)
            failure = "" if any(text in message.lower() for text in _REACHED) else message.strip()
        except DockerException as error:  # an unreadable login is not a fault of the engine
            failure = interrupted(error, f"looking for {registry}").what.rstrip(".")
        nccl = _nccl_reports(client)
    return EngineFacts(
        info=info, bridge=bridge, bridge_mtu=mtu, registry_error=failure, place=str(client.endpoint), nccl=nccl
    )


def _nccl_reports(client: EngineClient) -> dict[str, str]:
    """Return the output of gpu-nccl at the start of each node, by container.

    head.sh and worker.sh write it.
    """
    nodes = client.containers.list(filters={"label": SETTINGS_LABEL})
    reports = {str(node.name): printable(channel.read(node, NCCL_REPORT)[:_REPORT_SIZE]) for node in nodes}
    # A node without GPUs, or from an older script, has no report.
    return {name: report for name, report in reports.items() if report}


def make_script(info: Mapping[str, Any] | None, registry: str) -> str:
    """Return collect.sh with its variables, and the script for CDI specifications."""
    known = info or {}
    folder, names = known.get("DockerRootDir") or "/var/lib/docker", registry.partition("/")[0].partition(":")[0]
    head = f"folder={shlex.quote(folder)}\nnames={shlex.quote(names)}\n"
    folders = cdi_specs.assign_folders(tuple(known.get("CDISpecDirs") or CDI_FOLDERS))
    return f"{head}{folders}{SCRIPT}section cdi\n{cdi_specs.SCRIPT}"
