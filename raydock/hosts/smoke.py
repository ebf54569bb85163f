"""Images tested on other hosts: all hosts at once, and on each one variant after another."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import requests
from docker import DockerClient
from docker.errors import DockerException

from raydock.core.errors import RaydockError
from raydock.core.events import Listener
from raydock.core.parallel import in_parallel
from raydock.core.processes import Processes
from raydock.engine.client import reaching
from raydock.engine.container import stop_all, sweep
from raydock.engine.gpu_access import detect_gpu_support
from raydock.engine.host import Host
from raydock.hosts import cdi_specs, compat
from raydock.hosts.compat import Compat
from raydock.hosts.engine import engine
from raydock.hosts.transfer import Brought, bring
from raydock.hosts.wanted import RequestedImage
from raydock.model.report import Report
from raydock.model.result import VariantResult
from raydock.smoke.gpus import AUTO, GpuRequest
from raydock.smoke.smoke import smoke


@dataclass(frozen=True, kw_only=True)
class Proved:
    """One variant on one host: what became of it, and how its image came there; None where it did not."""

    outcome: VariantResult
    brought: Brought | None = None

    def document(self) -> dict[str, Any]:
        """Its entry in the JSON document (docs/reference/json.md)."""
        entry = self.outcome.document()
        if self.brought:
            entry |= {"image": {"way": self.brought.way, "sent": self.brought.sent, "remark": self.brought.remark}}
        return {key: value for key, value in entry.items() if key not in {"built", "seconds"}}


@dataclass(frozen=True, kw_only=True)
class HostOutcome:
    """A host's engine and what became of the variants there; `error` where the host could not be asked at all."""

    host: Host
    engine: str = ""
    proved: tuple[Proved, ...] = ()
    error: RaydockError | None = None

    @property
    def passed(self) -> bool:
        return self.error is None and all(item.outcome.passed for item in self.proved)

    @property
    def errors(self) -> dict[str, RaydockError]:
        """What went wrong, by the words for where."""
        found = {f"{self.host.name}": self.error} if self.error else {}
        of_variants = {f"{self.host.name}, {item.outcome.name}": item.outcome.error for item in self.proved}
        return found | {where: error for where, error in of_variants.items() if error}


@dataclass(frozen=True, kw_only=True)
class Everywhere:
    """Tests images on hosts: every check, or those of `checks`; GPUs as `wish` says."""

    listener: Listener
    wish: GpuRequest = AUTO
    checks: tuple[str, ...] = ()
    _processes: Processes = field(default_factory=Processes)
    _clients: list[DockerClient] = field(default_factory=list)

    def run(self, hosts: Sequence[Host], wanted: Sequence[RequestedImage]) -> list[HostOutcome]:
        """What became of every image on every host, in the hosts' order. A host that is down stops no other."""
        return in_parallel(lambda host: self._host(host, wanted), hosts, len(hosts), self._stop)

    def _host(self, host: Host, wanted: Sequence[RequestedImage]) -> HostOutcome:
        self.listener(host.name, "reaching it")
        proved: list[Proved] = []
        version = ""
        try:
            with engine(host, self._processes) as client:
                self._clients.append(client)
                with reaching(f"asking {host.name}"):
                    info = client.info()
                version = str(info["ServerVersion"])
                sweep(client)
                found = detect_gpu_support(info, cdi_specs.of(host, info, self._processes))
                found = replace(found, infiniband=cdi_specs.infiniband(host, self._processes))
                wish = replace(self.wish, support=found)
                forward = compat.of(host, self._processes)
                # Keeps those before an error.
                proved.extend(self._variant(host, client, wish, item, forward) for item in wanted)
        except RaydockError as error:
            return HostOutcome(host=host, engine=version, proved=tuple(proved), error=error)
        return HostOutcome(host=host, engine=version, proved=tuple(proved))

    def _variant(
        self, host: Host, client: DockerClient, wish: GpuRequest, item: RequestedImage, forward: Compat | None
    ) -> Proved:
        def listen(name: str, step: str, *, detail: str = "", size: int = 0) -> None:
            self.listener(host.name, f"{name}: {step}", detail=detail, size=size)

        brought = None
        try:
            brought = bring(client, item, listen)
            report = smoke(
                client,
                brought.image.id,
                name=item.name,
                fingerprint=brought.image.fingerprint,
                checks=self.checks or None,
                on_event=listen,
                request=forward.wish(wish, item.name, brought.image) if forward else wish,
            )
        except RaydockError as error:
            return Proved(outcome=_outcome(item, brought, error=error), brought=brought)
        return Proved(outcome=_outcome(item, brought, report=report), brought=brought)

    def _stop(self) -> None:
        for client in self._clients:
            with suppress(requests.RequestException, DockerException):  # it is done, or out of reach
                stop_all(client)
        self._processes.stop()


def _outcome(
    item: RequestedImage, brought: Brought | None, *, report: Report | None = None, error: RaydockError | None = None
) -> VariantResult:
    return VariantResult(
        name=item.name,
        image=brought.image if brought else None,
        fingerprint=brought.image.fingerprint if brought else "",
        proved=True,
        report=report,
        error=error,
    )
