"""Suggestions for programs (JSON, design as in docs/reference/json.md) and for people (a table)."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from raydock.compat.runs import gpus_in_json, gpus_in_words
from raydock.plan.output import NOT_JUDGED, bare_table
from raydock.plan.suggest import Suggestion, Suggestions

SCHEMA = 1


def document(made: Suggestions) -> dict[str, Any]:
    """`suggest --json`."""
    return {
        "schema": SCHEMA,
        "suggestions": [
            {
                "name": item.variant.name,
                "axes": item.variant.axes,
                "min_driver": item.min_driver,
                "sm": gpus_in_json(item.variant, item.sm),
                "in_matrix": not item.lines,
                "lines": list(item.lines),
            }
            for item in made.found
        ],
        "rejected": [{"reason": item.reason, "versions": list(item.versions)} for item in made.rejected],
    }


def table(made: Suggestions) -> RenderableType:
    """The sets, best first, why newer ones are out, and what matrix.yaml needs for each, for a terminal."""
    grid = bare_table(f"{len(made.found)} newest sets", "variant", "driver", "GPU (sm)", "in matrix.yaml")
    for item in made.found:
        driver = f">= {item.min_driver}" if item.min_driver else "-"
        grid.add_row(item.variant.name, driver, gpus_in_words(item.variant, item.sm), "no" if item.lines else "yes")
    notes = [f"newer is out: {item}" for item in made.rejected]
    notes += [f"not judged: {NOT_JUDGED}"] if any(item.lines for item in made.found) else []
    return Group(grid, *([Text("\n".join(["", *notes]))] if notes else []), *map(_lines, filter(_is_new, made.found)))


def _is_new(item: Suggestion) -> bool:
    return bool(item.lines)


def _lines(item: Suggestion) -> Text:
    head = ["", f"# matrix.yaml for {item.variant.name}", "axes:"]
    return Text("\n".join([*head, *(f"  {line}" for line in item.lines)]))
