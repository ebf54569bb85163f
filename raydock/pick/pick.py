"""The newest image that a host, or every one of several hosts, can run; and why not a newer one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version

from raydock.compat import gpu_names, toolchain
from raydock.compat.runs import code_for, driver_objection, gpu_doubt, gpu_objection, list_owner, older, own_driver
from raydock.core.errors import HostError
from raydock.pick import forward
from raydock.pick.nvidia_smi import Gpu, GpuHost
from raydock.publish.tags import immutable_tag
from raydock.publish.variant_image import ImageState, VariantImage


@dataclass(frozen=True, kw_only=True)
class RejectedCandidate:
    """A newer candidate that was not picked."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Pick:
    """An answer for `host` (words): the candidate and why, or the error that there is none.

    `rejected` are the newer candidates, newest first; `hints` are what else its owner may want to know.
    """

    host: str
    candidate: VariantImage | None = None
    why: tuple[str, ...] = ()
    rejected: tuple[RejectedCandidate, ...] = ()
    hints: tuple[str, ...] = ()
    error: HostError | None = None

    @property
    def image(self) -> str | None:
        """The candidate's full name, by the tag that never changes if it is published."""
        found = self.candidate
        if found and found.state is ImageState.PUBLISHED:
            return f"{found.repository}:{immutable_tag(found.name, found.fingerprint)}"
        return found.tag if found else None

    @property
    def digest(self) -> str | None:
        """The candidate's digest in its registry if it is published, else its id on the engine; None without either."""
        found = self.candidate
        if found is None or found.state is ImageState.PLANNED:
            return None
        return found.digest if found.state is ImageState.PUBLISHED else found.id


def pick(hosts: Sequence[GpuHost], candidates: Iterable[VariantImage]) -> Pick:
    """The newest candidate that runs on all hosts: of the built ones, or of the planned where no built one runs.

    Newest is by Variant.order: ray, then vllm, torch, Python and CUDA. Where all hosts have GPUs, candidates without
    CUDA count only if there are no others. Candidates of which it is unknown which GPUs they run on count only if no
    other candidate runs.
    """
    newest = sorted(candidates, key=lambda item: item.variant.order, reverse=True)
    on_gpu = all(host.gpus for host in hosts) and any(item.variant.gpu for item in newest)
    reasons = {item.name: _objections(item, hosts, on_gpu) for item in newest}
    fitting = [item for item in newest if not reasons[item.name]]
    best = _first([item for item in fitting if not _doubt(item)]) or _first(fitting)
    newer = newest[: newest.index(best)] if best else newest
    words = ", ".join(map(str, hosts)) if len(hosts) == 1 else f"all {len(hosts)} hosts"
    return Pick(
        host=words,
        candidate=best,
        why=tuple(_why(best, hosts)) if best else (),
        rejected=tuple(
            RejectedCandidate(name=item.name, reason="; ".join(reasons[item.name]) or _doubt(item) or "it is not built")
            for item in newer
        ),
        hints=(
            *(f"{host.name}: {host.remark}" for host in hosts if host.remark),
            *_forward_hints(best, newer, hosts),
            *filter(None, [toolchain.missing(best.variant) if best else ""]),
            *(
                [f"not attached to it in its registry: {', '.join(best.unattached)}"]
                if best and best.unattached
                else []
            ),
        ),
        error=None if best else _none_runs(words, hosts, newest),
    )


def _first(fitting: Sequence[VariantImage]) -> VariantImage | None:
    """The first that is built or published, else the first."""
    return next((item for item in fitting if item.state is not ImageState.PLANNED), next(iter(fitting), None))


def _doubt(item: VariantImage) -> str:
    """Why it is unknown which GPUs run a candidate; empty if that is known."""
    return gpu_doubt(item.variant, item.sm)


def pick_each(
    asked: Mapping[str, GpuHost | HostError], candidates: Sequence[VariantImage]
) -> tuple[dict[str, Pick], Pick | None]:
    """The pick for each host by name, and the one for all of them together; None where there is only one host."""
    hosts = [host for host in asked.values() if isinstance(host, GpuHost)]
    each = {
        name: pick([host], candidates) if isinstance(host, GpuHost) else Pick(host=name, error=host)
        for name, host in asked.items()
    }
    if len(asked) == 1:
        return each, None
    if len(hosts) == len(asked):
        return each, pick(hosts, candidates)
    unread = ", ".join(name for name, host in asked.items() if not isinstance(host, GpuHost))
    error = HostError(f"No image is named for all {len(asked)} hosts: {unread} could not be understood.")
    return each, Pick(host=f"all {len(asked)} hosts", error=error)


def _objections(item: VariantImage, hosts: Sequence[GpuHost], on_gpu: bool) -> list[str]:
    """Why a candidate is not for these hosts; each reason names its hosts where several were asked about."""
    if not item.variant.gpu:
        return ["it has no CUDA and would leave the GPUs idle"] if on_gpu else []
    found: dict[str, list[str]] = {}
    for host in hosts:
        for reason in objections(item, host):
            found.setdefault(reason, []).append(host.name)
    return [f"{_some(names)}: {reason}" if len(hosts) > 1 else reason for reason, names in found.items()]


def _forward_hints(best: VariantImage | None, newer: Sequence[VariantImage], hosts: Sequence[GpuHost]) -> Iterator[str]:
    """What the pick needs if it relies on forward compatibility, and what would be picked if that were accepted."""
    if best and (relying := [host for host in hosts if forward.older_driver(best, host)]):
        yield forward.reliance(best, relying)
    accepting = [replace(host, forward_compat=True) for host in hosts]
    for item in newer:
        older = [host for host in hosts if forward.older_driver(item, host)]
        if older and not any(objections(item, host) for host in accepting):
            yield forward.offer(item, older)
            return


def _some(names: Sequence[str]) -> str:
    """Three names at most, and how many more there are."""
    more = [f"{len(names) - 3} more"] if len(names) > 3 else []
    return ", ".join([*names[:3], *more])


def objections(item: VariantImage, host: GpuHost) -> list[str]:
    """Why a host does not run a candidate with CUDA; empty if it does, by forward compatibility if that is accepted."""
    if not host.gpus:
        return ["it needs an NVIDIA GPU, and there is none"]
    found = [_wrong_processor(item, gpu) for gpu in host.gpus]
    if not (host.forward_compat and forward.is_covered(item, host)):
        found.append(driver_objection(item.variant, item.min_driver, host.driver))
    found += [gpu_objection(item.variant, item.sm, gpu.sm) for gpu in host.gpus]
    return [reason for reason in dict.fromkeys(found) if reason]


def _wrong_processor(item: VariantImage, gpu: Gpu) -> str:
    if item.variant.arch == "amd64" and gpu_names.known().is_on_arm(gpu.name):
        return f"it is for amd64, and {gpu.name} sits beside an Arm CPU"
    return ""


def _why(best: VariantImage, hosts: Sequence[GpuHost]) -> Iterable[str]:
    """The facts for a pick, for each host, the same ones said once."""
    if not best.variant.gpu:
        return ["it needs no GPU"]
    found = [reason for host in hosts for reason in (_driver_fact(best, host), *_gpu_facts(best, host))]
    return dict.fromkeys(found)


def _driver_fact(best: VariantImage, host: GpuHost) -> str:
    cuda, own = best.variant.cuda, own_driver(best.variant.cuda)
    if forward.older_driver(best, host):
        return f"driver {host.driver} < {best.min_driver} needed by CUDA {cuda}, by forward compatibility"
    words = f"driver {host.driver} >= {best.min_driver} needed by CUDA {cuda}"
    if own and older(host.driver, own):
        return f"{words} (minor-version compatibility; PTX of CUDA {cuda} needs {own})"
    return words


def _gpu_facts(best: VariantImage, host: GpuHost) -> Iterable[str]:
    if doubt := _doubt(best):
        yield doubt
        return
    for gpu in Counter(host.gpus):
        sm = code_for(best.sm, gpu.sm)
        words = "is in" if sm == gpu.sm else f"runs the code for sm_{sm} of"
        yield f"{gpu} {words} {list_owner(best.variant)}"


def _none_runs(words: str, hosts: Sequence[GpuHost], newest: Sequence[VariantImage]) -> HostError:
    floor = min((item.min_driver for item in newest if item.min_driver), key=Version, default="")
    too_old = [host for host in hosts if host.driver and floor and older(host.driver, floor)]
    return HostError(
        f"None of the {len(newest)} variants asked for runs there ({words}).",
        meaning=f"The oldest driver that any of them accepts is {floor}." if too_old else "",
        todo=f"{'update the driver, or ' if too_old else ''}ask with another --select or --group; "
        "`--select cuda=cpu` names images that need no GPU.",
    )
