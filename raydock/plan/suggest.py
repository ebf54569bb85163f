"""The newest sets of versions that a host can run, from all known releases."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from raydock.compat import stated
from raydock.compat.hardware import Hardware
from raydock.compat.runs import driver_objection, gpu_doubt, gpu_objection
from raydock.core.errors import ConfigurationError, SelectionError, nearest
from raydock.model.matrix import Matrix
from raydock.model.matrixfile import listed
from raydock.model.variant import CPU, NONE, Axis, Variant
from raydock.model.versions import position
from raydock.plan.rules.verdict import RuleInputs
from raydock.plan.search import Axes, Space, universe

MOST = 5
NEEDS = (Axis.VLLM, Axis.TORCH, Axis.RAY)


@dataclass(frozen=True, kw_only=True)
class HostNeeds:
    """What a host has, and what must run on it.

    Attributes:
        needs: the largest part that is needed: vllm includes torch and ray, torch includes ray.
        driver: the version of the driver; empty for any.
        gpus: sm numbers (86 is compute capability 8.6), all of which must run the set; empty for any.
        python: the version of Python; empty for any.
    """

    needs: Axis
    driver: str = ""
    gpus: tuple[int, ...] = ()
    python: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A set that can exist and that the host can run.

    Attributes:
        variant: the set.
        min_driver: the oldest driver that runs it; empty for cpu.
        sm: the GPUs that it has code for; empty for cpu, and if that is unknown.
        lines: the lines for `axes` in matrix.yaml that make it a variant; empty if it is one already.
    """

    variant: Variant
    min_driver: str
    sm: tuple[int, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class RejectedSets:
    """A reason why sets newer than the first suggestion do not run on the host.

    Attributes:
        reason: the reason.
        part: the part that is needed, such as vllm.
        versions: the versions of that part that the reason excludes, newest first.
    """

    reason: str
    part: str
    versions: tuple[str, ...]

    def __str__(self) -> str:
        first, last = self.versions[-1], self.versions[0]
        return f"{self.part} {first if first == last else f'{first} to {last}'}: {self.reason}"


@dataclass(frozen=True)
class Suggestions:
    """The suggestions for a host.

    Attributes:
        found: the newest sets, best first.
        rejected: why newer sets do not run on the host.
    """

    found: tuple[Suggestion, ...]
    rejected: tuple[RejectedSets, ...]


def parse_needs(
    needs: Iterable[str], driver: str, gpus: Iterable[str], python: str, rule_inputs: RuleInputs
) -> HostNeeds:
    """The needs in the options of the user.

    With a driver or a GPU, but without a need, the need is torch.
    Raises ConfigurationError if a part, driver, GPU or Python is invalid, with the nearest valid one.
    """
    parts = list(needs) or ([Axis.TORCH.value] if driver or list(gpus) else [])
    for part in parts:
        if part not in NEEDS:
            raise ConfigurationError(f"--need {part!r} is not a part of a set.", todo=nearest(part, NEEDS))
    pythons = universe(rule_inputs)[Axis.PYTHON]
    if python and python not in pythons:
        raise ConfigurationError(
            f"No base of {rule_inputs.matrix.path.name} has Python {python}.",
            meaning=nearest(python, pythons),
            todo="use the Python of a base, or add a base with that Python to `bases`.",
        )
    largest = next((part for part in NEEDS if part in parts), Axis.RAY)
    return HostNeeds(
        needs=largest,
        driver=stated.driver(driver) if driver else "",
        gpus=tuple(map(stated.capability, gpus)),
        python=python,
    )


def suggest(needs: HostNeeds, rule_inputs: RuleInputs) -> Suggestions:
    """The newest sets that a host can run, best first.

    There is one set for each version of the needed part, with the newest others. A set for which it is unknown whether
    the GPUs run it is suggested only if no other set runs. Raises SelectionError, with the reasons, if no set runs.
    """
    hardware = Hardware(rule_inputs.matrix.gpus)
    found: list[Suggestion] = []
    unknown: dict[str, Suggestion] = {}
    rejected: dict[str, dict[str, None]] = {}
    points = _newest_first(needs, rule_inputs)
    for version, sets in groupby(points, key=lambda point: getattr(point, needs.needs)):
        for point in sets:
            objection = _objection(point, needs, hardware)
            # It is unknown whether the host's GPUs run the set.
            doubt = gpu_doubt(point, hardware.sm(point)) if needs.gpus else ""
            if not objection and not doubt:
                found.append(_suggestion(point, rule_inputs.matrix, hardware))
                break
            if not found:
                rejected.setdefault(objection or doubt, {})[version] = None
            if not objection and len(unknown) < MOST:
                unknown.setdefault(version, _suggestion(point, rule_inputs.matrix, hardware))
        if len(found) == MOST:
            break
    reasons = tuple(RejectedSets(reason, needs.needs, tuple(versions)) for reason, versions in rejected.items())
    if not found and not unknown:
        any_driver = replace(needs, driver="")
        newer = needs.driver and any(not _objection(point, any_driver, hardware) for point in points)
        raise _no_suggestion(needs, reasons, "install a newer driver, or " if newer else "")
    return Suggestions(tuple(found or unknown.values()), reasons)


def _newest_first(needs: HostNeeds, rule_inputs: RuleInputs) -> list[Variant]:
    """Every set that can exist and has the needed part, but no larger one.

    Newest first.
    """
    points = Space(rule_inputs).valid(_grid(needs, universe(rule_inputs)))
    first = NEEDS.index(needs.needs)
    axes = (*NEEDS[first:], Axis.PYTHON, Axis.CUDA)
    return sorted(points, key=lambda point: [position(getattr(point, axis)) for axis in axes], reverse=True)


def _grid(needs: HostNeeds, axes: Axes) -> Axes:
    first = NEEDS.index(needs.needs)
    grid = {axis: tuple(value for value in axes[axis] if value != NONE) for axis in Axis}
    grid |= dict.fromkeys(NEEDS[:first], (NONE,))
    if needs.needs is Axis.RAY:
        grid[Axis.CUDA] = (CPU,)
    if needs.python:
        grid[Axis.PYTHON] = (needs.python,)
    return grid


def _objection(point: Variant, needs: HostNeeds, hardware: Hardware) -> str:
    """Why the host cannot run a set; empty if it can."""
    if not point.gpu:
        return ""
    objections = [gpu_objection(point, (), gpu) for gpu in needs.gpus]  # of every build: the same for many versions
    objections += [driver_objection(point, hardware.min_driver(point), needs.driver)] if needs.driver else []
    objections += [gpu_objection(point, hardware.sm(point), gpu) for gpu in needs.gpus]
    return next((objection for objection in objections if objection), "")


def _suggestion(point: Variant, matrix: Matrix, hardware: Hardware) -> Suggestion:
    return Suggestion(
        variant=point,
        min_driver=hardware.min_driver(point),
        sm=hardware.sm(point),
        lines=tuple(_lines(point, matrix)),
    )


def _lines(point: Variant, matrix: Matrix) -> Iterator[str]:
    """The lines for `axes` in matrix.yaml that put a point into the cross product."""
    for axis in Axis if not matrix.names(point) else ():
        values: Sequence[str] = matrix.axes[axis]
        if getattr(point, axis) not in values:
            new_values = sorted({*values, getattr(point, axis)}, key=position)
            yield f"{axis}: {listed(new_values)}"


def _no_suggestion(needs: HostNeeds, reasons: Sequence[RejectedSets], driver: str) -> SelectionError:
    if not reasons:
        python = f" with Python {needs.python}" if needs.python else ""
        return SelectionError(
            f"No set with a known {needs.needs}{python} can exist.",
            todo="`./build.py plan --explain VARIANT` shows why.",
        )
    return SelectionError(
        f"No set with {needs.needs} runs on this host.",
        meaning="\n".join(map(str, reasons)),
        todo=f"{driver}use a different GPU, or use `--need ray` for a CPU image.",
    )
