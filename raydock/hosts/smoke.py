"""Smoke tests of images on other hosts.

All hosts work at the same time. Each host tests one variant after the other.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import requests
from docker import DockerClient
from docker.errors import DockerException

from raydock.core.errors import RaydockError
from raydock.core.events import Listener, Span
from raydock.core.parallel import in_parallel
from raydock.core.processes import Processes
from raydock.engine.cleanup import stop_all, sweep
from raydock.engine.client import reaching
from raydock.engine.gpu_access import detect_gpu_support
from raydock.engine.host import Host
from raydock.hosts import cdi_specs, compat
from raydock.hosts.compat import Compat
from raydock.hosts.engine import open_engine
from raydock.hosts.transfer import TransferredImage, transfer
from raydock.model.result import VariantResult
from raydock.publish.variant_image import VariantImage
from raydock.smoke.gpus import AUTO, GpuRequest
from raydock.smoke.smoke import smoke


@dataclass(frozen=True, kw_only=True)
class HostResult:
    """The result of one variant on one host.

    Attributes:
        variant: the result of the smoke test.
        transferred: how the image came to the host; None if it did not.
    """

    variant: VariantResult
    transferred: TransferredImage | None = None

    def document(self) -> dict[str, Any]:
        """Return the entry in the JSON document (docs/reference/json.md)."""
        entry = self.variant.document()
        if image := self.transferred:
            entry |= {"image": {"way": image.method, "sent": image.sent, "remark": image.remark}}
        return {key: value for key, value in entry.items() if key not in {"built", "seconds"}}


@dataclass(frozen=True, kw_only=True)
class HostOutcome:
    """The results on one host.

    Attributes:
        host: the host.
        engine: the engine's version; empty if it does not answer.
        results: the result of each variant.
        error: why the host could not test all variants; None if it could.
    """

    host: Host
    engine: str = ""
    results: tuple[HostResult, ...] = ()
    error: RaydockError | None = None

    @property
    def passed(self) -> bool:
        """Whether every variant passed on the host."""
        return self.error is None and all(result.variant.passed for result in self.results)

    @property
    def errors(self) -> dict[str, RaydockError]:
        """The errors, by the host's name, or by the names of the host and the variant."""
        found = {f"{self.host.name}": self.error} if self.error else {}
        of_variants = {f"{self.host.name}, {result.variant.name}": result.variant.error for result in self.results}
        return found | {place: error for place, error in of_variants.items() if error}


@dataclass(frozen=True, kw_only=True)
class HostTester:
    """Tests images on hosts.

    Attributes:
        listener: receives the progress.
        gpus: the requested GPUs.
        checks: the ids of the checks to run; empty for all.
        source: this machine's engine, which has the built images; None if it does not answer.
        _processes: runs ssh.
        _clients: the clients of the engines, whose containers are stopped after an interrupt.
    """

    listener: Listener
    gpus: GpuRequest = AUTO
    checks: tuple[str, ...] = ()
    source: DockerClient | None = None
    _processes: Processes = field(default_factory=Processes)
    _clients: list[DockerClient] = field(default_factory=list)

    def run(self, hosts: Sequence[Host], images: Sequence[VariantImage]) -> list[HostOutcome]:
        """Test every image on every host; return the outcomes in the hosts' order.

        A host that is down does not stop the others.
        """
        return in_parallel(lambda host: self._test_host(host, images), hosts, len(hosts), self._stop)

    def _test_host(self, host: Host, images: Sequence[VariantImage]) -> HostOutcome:
        self.listener(host.name, "connecting")
        results: list[HostResult] = []
        version, failure = "", None
        try:
            with open_engine(host, self._processes) as client:
                self._clients.append(client)
                with reaching(f"reading the settings of {host.name}"):
                    info = client.info()
                version = str(info["ServerVersion"])
                sweep(client)
                support = detect_gpu_support(info, cdi_specs.read(host, info, self._processes))
                support = replace(support, infiniband=cdi_specs.has_infiniband(host, self._processes))
                gpus = replace(self.gpus, support=support)
                forward = compat.read(host, self._processes)
                # Unlike a list, extend keeps the results before an error.
                results.extend(self._test_image(host, client, gpus, requested, forward) for requested in images)
        except RaydockError as error:
            failure = error
        return HostOutcome(host=host, engine=version, results=tuple(results), error=failure)

    def _test_image(
        self, host: Host, client: DockerClient, gpus: GpuRequest, requested: VariantImage, forward: Compat | None
    ) -> HostResult:
        def listen(
            name: str, step: str, *, detail: str = "", size: int = 0, ran: Span | None = None, final: bool = False
        ) -> None:
            del final  # the host has more variants
            self.listener(host.name, f"{name}: {step}", detail=detail, size=size, ran=ran)

        result, transferred = VariantResult(name=requested.name, tested=True), None
        try:
            transferred = transfer(client, requested, self.source, listen)
            image = transferred.image
            result = replace(result, image=image, fingerprint=image.fingerprint)
            report = smoke(
                client,
                image.id,
                name=requested.name,
                fingerprint=image.fingerprint,
                checks=self.checks or None,
                on_event=listen,
                request=forward.extend(gpus, requested.name, image) if forward else gpus,
            )
            result = replace(result, report=report)
        except RaydockError as error:
            result = replace(result, error=error)
        return HostResult(variant=result, transferred=transferred)

    def _stop(self) -> None:
        for client in self._clients:
            with suppress(requests.RequestException, DockerException):  # it has ended, or is out of reach
                stop_all(client)
        self._processes.stop()
