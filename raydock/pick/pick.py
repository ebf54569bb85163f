"""The newest image that hosts can run, and why newer ones are rejected."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.version import Version

from raydock.compat import gpu_names, toolchain
from raydock.compat.gpucode import code_for
from raydock.compat.runs import driver_objection, gpu_doubt, gpu_objection, list_owner, older, own_driver
from raydock.core.errors import HostError
from raydock.pick import forward
from raydock.pick.nvidia_smi import Gpu, GpuHost
from raydock.publish.release import immutable_tag
from raydock.publish.variant_image import ImageState, VariantImage


@dataclass(frozen=True, kw_only=True)
class Pick:
    """The pick for a host or for several hosts.

    Attributes:
        host: a description of the host or hosts.
        candidate: the picked image; None if no image runs.
        why: the facts for the pick.
        rejected: why newer candidates were not picked, by the variant's name, the newest first.
        hints: notes for the user.
        error: why no image was picked; None if one was.
    """

    host: str
    candidate: VariantImage | None = None
    why: tuple[str, ...] = ()
    rejected: Mapping[str, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    error: HostError | None = None

    @property
    def image(self) -> str | None:
        """The candidate's full name, with the tag that never changes if it is published."""
        candidate = self.candidate
        if candidate and candidate.state is ImageState.PUBLISHED:
            return f"{candidate.repository}:{immutable_tag(candidate.name, candidate.fingerprint)}"
        return candidate.tag if candidate else None

    @property
    def digest(self) -> str | None:
        """The candidate's digest in its registry, or its id on the engine.

        None if it is only planned.
        """
        candidate = self.candidate
        if candidate is None or candidate.state is ImageState.PLANNED:
            return None
        return candidate.digest if candidate.state is ImageState.PUBLISHED else candidate.id


def pick(hosts: Sequence[GpuHost], candidates: Iterable[VariantImage]) -> Pick:
    """Pick the newest candidate that runs on all hosts.

    It is a built one, or a planned one if no built one runs.

    The order is Variant.order: ray, then vllm, torch, Python and CUDA. If all hosts have GPUs, candidates without CUDA
    count only if no candidate has CUDA. Candidates whose GPUs are unknown count only if no other candidate runs.
    """
    newest = sorted(candidates, key=lambda candidate: candidate.variant.order, reverse=True)
    use_gpu = all(host.gpus for host in hosts) and any(candidate.variant.gpu for candidate in newest)
    reasons = {candidate.name: _reasons(candidate, hosts, use_gpu) for candidate in newest}
    fitting = [candidate for candidate in newest if not reasons[candidate.name]]
    best = _first([candidate for candidate in fitting if not _doubt(candidate)]) or _first(fitting)
    newer = newest[: newest.index(best)] if best else newest
    description = ", ".join(map(str, hosts)) if len(hosts) == 1 else f"all {len(hosts)} hosts"
    return Pick(
        host=description,
        candidate=best,
        why=tuple(_why(best, hosts)) if best else (),
        rejected={
            candidate.name: "; ".join(reasons[candidate.name]) or _doubt(candidate) or "it is not built"
            for candidate in newer
        },
        hints=tuple(_hints(best, newer, hosts)),
        error=None if best else _none_runs(description, hosts, newest),
    )


def _first(fitting: Sequence[VariantImage]) -> VariantImage | None:
    """Return the first that is built or published, else the first."""
    ready = (candidate for candidate in fitting if candidate.state is not ImageState.PLANNED)
    return next(ready, next(iter(fitting), None))


def _doubt(candidate: VariantImage) -> str:
    """Return why the GPUs that run a candidate are unknown; empty if they are known."""
    return gpu_doubt(candidate.variant, candidate.labels.sm)


def pick_each(
    hosts: Mapping[str, GpuHost | HostError], candidates: Sequence[VariantImage]
) -> tuple[dict[str, Pick], Pick | None]:
    """Pick for each host by name, and for all hosts together.

    The pick for all is None if there is only one host.
    """
    readable = [host for host in hosts.values() if isinstance(host, GpuHost)]
    picks = {
        name: pick([host], candidates) if isinstance(host, GpuHost) else Pick(host=name, error=host)
        for name, host in hosts.items()
    }
    if len(hosts) == 1:
        return picks, None
    if len(readable) == len(hosts):
        return picks, pick(readable, candidates)
    unreadable = ", ".join(name for name, host in hosts.items() if not isinstance(host, GpuHost))
    error = HostError(f"No image is picked for all {len(hosts)} hosts: the output of {unreadable} is not valid.")
    return picks, Pick(host=f"all {len(hosts)} hosts", error=error)


def _reasons(candidate: VariantImage, hosts: Sequence[GpuHost], use_gpu: bool) -> list[str]:
    """Return why a candidate does not fit these hosts.

    With several hosts, each reason names its hosts.
    """
    if not candidate.variant.gpu:
        return ["it has no CUDA and would leave the GPUs idle"] if use_gpu else []
    found: dict[str, list[str]] = {}
    for host in hosts:
        for reason in objections(candidate, host):
            found.setdefault(reason, []).append(host.name)
    return [f"{_abbreviate(names)}: {reason}" if len(hosts) > 1 else reason for reason, names in found.items()]


def _hints(best: VariantImage | None, newer: Sequence[VariantImage], hosts: Sequence[GpuHost]) -> Iterator[str]:
    """Yield the notes on a pick."""
    yield from (f"{host.name}: {host.remark}" for host in hosts if host.remark)
    yield from _forward_hints(best, newer, hosts)
    if best and (missing := toolchain.missing_compiler(best.variant)):
        yield missing
    if best and best.unattached:
        yield f"not attached to the image in its registry: {', '.join(best.unattached)}"


def _forward_hints(best: VariantImage | None, newer: Sequence[VariantImage], hosts: Sequence[GpuHost]) -> Iterator[str]:
    """Yield what the pick needs for forward compatibility.

    Also yields which candidate would be picked if forward compatibility were accepted.
    """
    if best and (relying := [host for host in hosts if forward.older_driver(best, host)]):
        yield forward.note("reliance", best, relying)
    accepting = [replace(host, forward_compat=True) for host in hosts]
    for candidate in newer:
        older = [host for host in hosts if forward.older_driver(candidate, host)]
        if older and not any(objections(candidate, host) for host in accepting):
            yield forward.note("offer", candidate, older)
            return


def _abbreviate(names: Sequence[str]) -> str:
    """List three names at most, and the number of the others."""
    more = [f"{len(names) - 3} more"] if len(names) > 3 else []
    return ", ".join([*names[:3], *more])


def objections(candidate: VariantImage, host: GpuHost) -> list[str]:
    """Return why a host cannot run a candidate with CUDA; empty if it can.

    Forward compatibility counts if it is accepted on the host.
    """
    if not host.gpus:
        return ["it needs an NVIDIA GPU, and the host has none"]
    found = [_wrong_processor(candidate, gpu) for gpu in host.gpus]
    if not (host.forward_compat and forward.is_covered(candidate, host)):
        found.append(driver_objection(candidate.variant, candidate.min_driver, host.driver))
    found += [gpu_objection(candidate.variant, candidate.labels.sm, gpu.sm) for gpu in host.gpus]
    return [reason for reason in dict.fromkeys(found) if reason]


def _wrong_processor(candidate: VariantImage, gpu: Gpu) -> str:
    if candidate.variant.arch == "amd64" and gpu_names.known().is_on_arm(gpu.name):
        return f"it is for amd64, and {gpu.name} is attached to an Arm CPU"
    return ""


def _why(best: VariantImage, hosts: Sequence[GpuHost]) -> Iterable[str]:
    """Return the facts for a pick on all hosts, each fact once."""
    if not best.variant.gpu:
        return ["it needs no GPU"]
    found = [reason for host in hosts for reason in (_driver_fact(best, host), *_gpu_facts(best, host))]
    return dict.fromkeys(found)


def _driver_fact(best: VariantImage, host: GpuHost) -> str:
    cuda, own = best.variant.cuda, own_driver(best.variant.cuda)
    if forward.older_driver(best, host):
        return f"driver {host.driver} < {best.min_driver} needed by CUDA {cuda}, by forward compatibility"
    fact = f"driver {host.driver} >= {best.min_driver} needed by CUDA {cuda}"
    if own and older(host.driver, own):
        return f"{fact} (minor-version compatibility; PTX of CUDA {cuda} needs {own})"
    return fact


def _gpu_facts(best: VariantImage, host: GpuHost) -> Iterable[str]:
    if doubt := _doubt(best):
        yield doubt
        return
    for gpu in Counter(host.gpus):
        sm = code_for(best.labels.sm, gpu.sm)
        relation = "is in" if sm == gpu.sm else f"runs the code for sm_{sm} of"
        yield f"{gpu} {relation} {list_owner(best.variant)}"


def _has_code(candidate: VariantImage, hosts: Sequence[GpuHost]) -> bool:
    return not any(gpu_objection(candidate.variant, candidate.labels.sm, gpu.sm) for host in hosts for gpu in host.gpus)


def _none_runs(description: str, hosts: Sequence[GpuHost], newest: Sequence[VariantImage]) -> HostError:
    floors = (candidate.min_driver for candidate in newest if candidate.min_driver and _has_code(candidate, hosts))
    floor = min(floors, key=Version, default="")
    too_old = [host for host in hosts if host.driver and floor and older(host.driver, floor)]
    return HostError(
        f"None of the {len(newest)} selected variants runs on {description}.",
        meaning=f"The oldest driver of those with code for these GPUs is {floor}." if too_old else "",
        todo=f"{'update the driver, or ' if too_old else ''}use a different --select or --group; "
        "`--select cuda=cpu` selects images that need no GPU.",
    )
