"""The newest sets for a host and a wish, of all releases in the facts, whether matrix.yaml names them or not."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from raydock.compat import stated
from raydock.compat.hardware import Hardware
from raydock.compat.runs import driver_objection, gpu_doubt, gpu_objection
from raydock.core.errors import ConfigurationError, SelectionError, nearest
from raydock.model.matrix import Matrix
from raydock.model.variant import CPU, NONE, Axis, Variant
from raydock.model.versions import position
from raydock.plan.rules import RuleInputs
from raydock.plan.search import Axes, Space, universe

MOST = 5
NEEDS = (Axis.VLLM, Axis.TORCH, Axis.RAY)


@dataclass(frozen=True, kw_only=True)
class HostNeeds:
    """What a host has and what is wanted on it; a driver or GPUs that are not named bind nothing.

    `gpus` are sm numbers (86 is compute capability 8.6), and all of them must run the set. `needs` is the greatest part
    that is needed: vllm brings torch, and each brings ray.
    """

    needs: Axis
    driver: str = ""
    gpus: tuple[int, ...] = ()
    python: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A set that can exist and that the host runs, with the lines of matrix.yaml's `axes` that make it a variant.

    `lines` is empty where matrix.yaml names it already; `min_driver` and `sm` are empty for cpu.
    """

    variant: Variant
    min_driver: str
    sm: tuple[int, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class RejectedSets:
    """Why sets newer than the first suggestion do not run on the host, and which versions of the needed part that
    keeps out, newest first."""

    reason: str
    part: str
    versions: tuple[str, ...]

    def __str__(self) -> str:
        first, last = self.versions[-1], self.versions[0]
        return f"{self.part} {first if first == last else f'{first} to {last}'}: {self.reason}"


@dataclass(frozen=True)
class Suggestions:
    """The newest sets, best first, and why newer ones are out."""

    found: tuple[Suggestion, ...]
    rejected: tuple[RejectedSets, ...]


def parse_needs(
    needs: Iterable[str], driver: str, gpus: Iterable[str], python: str, rule_inputs: RuleInputs
) -> HostNeeds:
    """A wish as the user wrote it. With a driver or a GPU and no need it is for torch.

    Raises ConfigurationError for a word, driver, GPU or Python that is none, with the nearest right one.
    """
    asked = list(needs) or ([Axis.TORCH.value] if driver or list(gpus) else [])
    for need in asked:
        if need not in NEEDS:
            raise ConfigurationError(f"--need {need!r} is not a part of a set.", todo=nearest(need, NEEDS))
    offered = universe(rule_inputs)[Axis.PYTHON]
    if python and python not in offered:
        raise ConfigurationError(
            f"No base of {rule_inputs.matrix.path.name} has Python {python}.",
            meaning=nearest(python, offered),
            todo="ask for one that a base has, or add a base with that Python to `bases`.",
        )
    greatest = next((need for need in NEEDS if need in asked), Axis.RAY)
    return HostNeeds(
        needs=greatest,
        driver=stated.driver(driver) if driver else "",
        gpus=tuple(map(stated.capability, gpus)),
        python=python,
    )


def suggest(asked: HostNeeds, rule_inputs: RuleInputs) -> Suggestions:
    """The newest sets for a wish, best first: of each version of the part that is needed, the one with the newest
    others. Sets of which it is unknown whether the GPUs run them are suggested only if no other set runs.

    Raises SelectionError, which says why, if there is none.
    """
    hardware = Hardware(rule_inputs.matrix.gpus)
    found: list[Suggestion] = []
    unknown: dict[str, Suggestion] = {}
    rejected: dict[str, dict[str, None]] = {}
    for version, sets in groupby(_newest_first(asked, rule_inputs), key=lambda point: getattr(point, asked.needs)):
        for point in sets:
            objection, doubt = _objection(point, asked, hardware), _doubt(point, asked, hardware)
            if not objection and not doubt:
                found.append(_suggestion(point, rule_inputs.matrix, hardware))
                break
            if not found:
                rejected.setdefault(objection or doubt, {})[version] = None
            if not objection and len(unknown) < MOST:
                unknown.setdefault(version, _suggestion(point, rule_inputs.matrix, hardware))
        if len(found) == MOST:
            break
    reasons = tuple(RejectedSets(reason, asked.needs, tuple(versions)) for reason, versions in rejected.items())
    if not found and not unknown:
        raise _nothing(asked, reasons)
    return Suggestions(tuple(found or unknown.values()), reasons)


def _newest_first(asked: HostNeeds, rule_inputs: RuleInputs) -> list[Variant]:
    """Every set that can exist and has what is needed, and no greater part."""
    points = Space(rule_inputs).valid(_grid(asked, universe(rule_inputs)))
    first = NEEDS.index(asked.needs)
    axes = (*NEEDS[first:], Axis.PYTHON, Axis.CUDA)
    return sorted(points, key=lambda point: [position(getattr(point, axis)) for axis in axes], reverse=True)


def _grid(asked: HostNeeds, axes: Axes) -> Axes:
    first = NEEDS.index(asked.needs)
    grid = {axis: tuple(value for value in axes[axis] if value != NONE) for axis in Axis}
    grid |= dict.fromkeys(NEEDS[:first], (NONE,))
    if asked.needs is Axis.RAY:
        grid[Axis.CUDA] = (CPU,)
    if asked.python:
        grid[Axis.PYTHON] = (asked.python,)
    return grid


def _objection(point: Variant, asked: HostNeeds, hardware: Hardware) -> str:
    """Why the host does not run a set; empty where it does."""
    if not point.gpu:
        return ""
    words = [driver_objection(point, hardware.min_driver(point), asked.driver)] if asked.driver else []
    words += [gpu_objection(point, hardware.sm(point), gpu) for gpu in asked.gpus]
    return next((word for word in words if word), "")


def _doubt(point: Variant, asked: HostNeeds, hardware: Hardware) -> str:
    """Why it is unknown whether the host's GPUs run a set; empty if that is known, or if no GPU is named."""
    return gpu_doubt(point, hardware.sm(point)) if asked.gpus else ""


def _suggestion(point: Variant, matrix: Matrix, hardware: Hardware) -> Suggestion:
    return Suggestion(
        variant=point,
        min_driver=hardware.min_driver(point),
        sm=hardware.sm(point),
        lines=tuple(_lines(point, matrix)),
    )


def _lines(point: Variant, matrix: Matrix) -> Iterator[str]:
    """The axes of matrix.yaml as they must read for a point to be in the cross product."""
    for axis in Axis if not matrix.names(point) else ():
        values: Sequence[str] = matrix.axes[axis]
        if getattr(point, axis) not in values:
            written = sorted({*values, getattr(point, axis)}, key=position)
            yield f"{axis}: [{', '.join(_written(value) for value in written)}]"


def _written(value: str) -> str:
    return value if value in {NONE, CPU} else f'"{value}"'


def _nothing(asked: HostNeeds, reasons: Sequence[RejectedSets]) -> SelectionError:
    if not reasons:
        what = f"No known {asked.needs} can stand in a set{f' with Python {asked.python}' if asked.python else ''}."
        return SelectionError(what, todo="`./build.py plan --explain VARIANT` says why not.")
    return SelectionError(
        f"No set with {asked.needs} runs on this host.",
        meaning="\n".join(map(str, reasons)),
        todo="a newer driver, an older version, or `--need ray` for the CPU.",
    )
