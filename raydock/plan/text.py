"""A plan as lines of text: a grid of its points, a list of its variants, and the reasons of points that cannot exist.

No line ends with spaces. A `width` is the most characters of a line, None if a line may have any number.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from raydock.compat import toolchain
from raydock.compat.runs import gpus_text
from raydock.core.texttable import fit, padded, wrap
from raydock.model.variant import CPU, Axis, Variant
from raydock.plan.explain import Explanation, Near
from raydock.plan.output import Sizes, driver_text
from raydock.plan.planner import Excluded, Plan, Planned
from raydock.plan.rules.verdict import ABSENT, RuleVerdict

Row = tuple[str, str, str, str]  # a set of versions: ray, torch, vllm, and the group that adds packages

EXISTS, IMPOSSIBLE = "+", "-"
_DRIVER = "driver >="
# The columns of the list that are dropped until a line fits, in this order.
_DROPPED = ("glibc", "nvcc", "groups", "GPU (sm)", "download", "driver")


@dataclass(frozen=True)
class _Block:
    """The columns of one CUDA.

    Attributes:
        cuda: the CUDA.
        driver: the oldest driver that runs its variants; empty for the CPU.
        pythons: its Pythons.
    """

    cuda: str
    driver: str
    pythons: tuple[str, ...]

    @property
    def width(self) -> int:
        """The characters of its columns, with two spaces before the first."""
        return 2 + max(len(self.cuda), len(self.driver), len(" ".join(self.pythons)))

    def title(self, text: str) -> str:
        """A text above all its columns."""
        return f"  {text}".ljust(self.width)

    def cells(self, cells: Iterable[str]) -> str:
        """A cell for each Python."""
        pairs = zip(cells, self.pythons, strict=True)
        return self.title(" ".join(f"{cell:^{len(python)}}" for cell, python in pairs))


def grid(plan: Plan, planned: Sequence[Planned], sizes: Sizes, width: int | None) -> list[str]:
    """A row for each set of ray, torch and vllm, with a sign for each CUDA and Python.

    sizes: the download size of each variant in bytes, by its name, of which a row has the largest; None if unknown.
    If the columns do not fit, the sizes are dropped, then the CUDAs are in several grids, one below the other.
    """
    blocks = _blocks(plan, planned)
    head, labels = _labels(planned, sizes)
    if width and len(head) + sum(block.width for block in blocks) > width:
        head, labels = _labels(planned, {})
    signs = {_place(point.variant): IMPOSSIBLE for point in plan.excluded}
    signs |= {_place(each.variant): EXISTS for each in planned}
    lines: list[str] = []
    for part in _fit(blocks, width - len(head) if width else None):
        lines += [""] * bool(lines)
        lines.append(" " * len(head) + "".join(block.title(block.cuda) for block in part))
        if any(block.driver for block in part):
            lines.append(_DRIVER.rjust(len(head)) + "".join(block.title(block.driver or "-") for block in part))
        lines.append(head + "".join(block.cells(block.pythons) for block in part))
        for row, label in labels.items():
            cells = (
                block.cells(signs.get((row, block.cuda, python), "") for python in block.pythons) for block in part
            )
            lines.append(label + "".join(cells))
    return [line.rstrip() for line in lines]


def _row(variant: Variant) -> Row:
    return variant.ray, variant.torch, variant.vllm, variant.flavor


def _place(variant: Variant) -> tuple[Row, str, str]:
    return _row(variant), variant.cuda, variant.python


def _blocks(plan: Plan, planned: Sequence[Planned]) -> list[_Block]:
    """The CUDAs and Pythons that the variants have: the CPU, then the oldest first."""
    blocks = []
    for cuda in sorted(plan.values(Axis.CUDA), key=lambda cuda: Version("0" if cuda == CPU else cuda)):
        own = [each for each in planned if each.variant.cuda == cuda]
        pythons = tuple(
            python for python in plan.values(Axis.PYTHON) if any(each.variant.python == python for each in own)
        )
        blocks += [_Block(cuda, own[0].min_driver, pythons)] if own else []
    return blocks


def _fit(blocks: Iterable[_Block], room: int | None) -> Iterator[list[_Block]]:
    """The blocks in parts that fit in `room` characters; a part has one block at least."""
    part: list[_Block] = []
    for block in blocks:
        if part and room is not None and sum(each.width for each in part) + block.width > room:
            yield part
            part = []
        part.append(block)
    yield part


def _labels(planned: Sequence[Planned], sizes: Sizes) -> tuple[str, dict[Row, str]]:
    """The heading of the rows' labels, and the label of each row, all of one length."""
    largest: dict[Row, int] = {}
    for each in planned:
        row = _row(each.variant)
        largest[row] = max(largest.get(row, 0), sizes.get(each.name) or 0)
    rows = [("ray", "torch", "vllm", "group"), *largest]
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]  # no groups if none adds packages
    if sizes:
        columns.append(("MB", *(_mb(size).rjust(len("9,999")) for size in largest.values())))
    head, *labels = (" ".join(cells) for cells in zip(*map(padded, columns), strict=True))
    return head, dict(zip(largest, labels, strict=True))


def _mb(size: int | None) -> str:
    return f"{size / 1e6:,.0f}" if size else "?"


def listing(planned: Iterable[Planned], sizes: Sizes, width: int | None) -> list[str]:
    """A line for each variant, with as many columns as fit."""
    return fit([_cells(each, sizes) for each in planned], _DROPPED, width)


def unknown_gpus(planned: Iterable[Planned]) -> str:
    """The variants for which it is unknown which GPUs run them; empty if there are none."""
    names = ", ".join(each.name for each in planned if each.variant.gpu and not each.sm)
    return names and f"GPUs unknown (`gpus` in matrix.yaml can state them): {names}"


def _cells(each: Planned, sizes: Sizes) -> dict[str, str]:
    cells = {
        "variant": each.name,
        "groups": ",".join(each.groups),
        "driver": driver_text(each.min_driver),
        "GPU (sm)": gpus_text(each.variant, each.sm),
        "nvcc": toolchain.compiler_text(each.variant),
        "glibc": f">= {each.glibc}",
    }
    return cells | ({"download": f"{_mb(sizes.get(each.name))} MB"} if sizes else {})


def by_reason(excluded: Iterable[Excluded]) -> list[list[Excluded]]:
    """Exclusions grouped by their reason, the most frequent first."""
    grouped: dict[RuleVerdict, list[Excluded]] = {}
    for exclusion in excluded:
        grouped.setdefault(exclusion.verdict, []).append(exclusion)
    return sorted(grouped.values(), key=len, reverse=True)


def reasons(excluded: Iterable[Excluded], width: int | None) -> list[str]:
    """Why points cannot exist: for each reason the number of points, the fact, an example and its nearest variant."""
    lines: list[str] = []
    for group in by_reason(excluded):
        example, verdict = group[0], group[0].verdict
        nearest = f"; nearest: {example.nearest}" if example.nearest else ""
        lines += wrap(f"{len(group)} x {verdict.reason}", width)
        lines += wrap(f"  fact: {verdict.evidence}", width)
        lines += wrap(f"  such as {example.variant.name}{nearest}", width)
    return lines


def explanation(explained: Explanation, width: int | None, *, every_rule: bool) -> list[str]:
    """Whether a point can exist: the rules that refuse it or all, and the nearest points that can exist."""
    outcome = "can exist" if explained.valid else "cannot exist"
    origin = "" if explained.in_matrix else "; it is not in matrix.yaml"
    lines = wrap(f"{explained.variant.name} {outcome}{origin}", width)
    refusals = [verdict for verdict in explained.verdicts if not verdict.ok]
    agreeing = [verdict for verdict in explained.verdicts if verdict.ok]
    for verdict in [*refusals, *(agreeing if every_rule else ())]:
        mark = "NO" if not verdict.ok else "-" if verdict.reason == ABSENT.reason else "ok"
        lines += wrap(f"{mark:2} {verdict.rule}: {verdict.reason}", width)
        lines += wrap(f"     fact: {verdict.evidence}", width) if verdict.evidence else []
    lines += [] if every_rule else [f"{len(agreeing)} rules do not refuse it: -v lists them."]
    lines += ["", "Nearest variants that can exist:"] if explained.nearest else ["", "No variant can exist."]
    for near in explained.nearest:
        lines += wrap(f"  {near.variant.name}: {_difference(explained, near)}", width)
    return lines


def _difference(explained: Explanation, near: Near) -> str:
    moves = [f"{axis} {getattr(explained.variant, axis)} -> {getattr(near.variant, axis)}" for axis in near.moved]
    return ", ".join([*moves, *([] if near.in_matrix else ["not in matrix.yaml"])])
