"""Suggestions as JSON (docs/reference/json.md) and as a table for the terminal."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from raydock.compat.runs import gpus_in_json, gpus_text
from raydock.plan.output import NOT_CHECKED, bare_table
from raydock.plan.suggest import Suggestion, Suggestions

SCHEMA = 1


def document(suggestions: Suggestions) -> dict[str, Any]:
    """The document of `suggest --json`."""
    return {
        "schema": SCHEMA,
        "suggestions": [
            {
                "name": suggestion.variant.name,
                "axes": suggestion.variant.axes,
                "min_driver": suggestion.min_driver,
                "sm": gpus_in_json(suggestion.variant, suggestion.sm),
                "in_matrix": not suggestion.lines,
                "lines": list(suggestion.lines),
            }
            for suggestion in suggestions.found
        ],
        "rejected": [{"reason": sets.reason, "versions": list(sets.versions)} for sets in suggestions.rejected],
    }


def table(suggestions: Suggestions) -> RenderableType:
    """The sets, best first, with the lines that matrix.yaml needs.

    It also shows why newer sets do not run.
    """
    sets = suggestions.found
    grid = bare_table(f"{len(sets)} newest sets", "variant", "driver", "GPU (sm)", "in matrix.yaml")
    for suggestion in sets:
        driver = f">= {suggestion.min_driver}" if suggestion.min_driver else "-"
        gpus = gpus_text(suggestion.variant, suggestion.sm)
        grid.add_row(suggestion.variant.name, driver, gpus, "no" if suggestion.lines else "yes")
    notes = [f"newer sets do not run: {rejected}" for rejected in suggestions.rejected]
    notes += [f"not checked: {NOT_CHECKED}"] if any(suggestion.lines for suggestion in sets) else []
    return Group(
        grid,
        *([Text("\n".join(["", *notes]))] if notes else []),
        *(_lines(suggestion) for suggestion in sets if suggestion.lines),
    )


def _lines(suggestion: Suggestion) -> Text:
    head = ["", f"# matrix.yaml for {suggestion.variant.name}", "axes:"]
    return Text("\n".join([*head, *(f"  {line}" for line in suggestion.lines)]))
