"""Plans, explanations and suggestions as JSON (docs/reference/json.md) and as tables."""

from collections.abc import Iterable, Mapping
from typing import Any

from raydock.compat import toolchain
from raydock.compat.runs import gpus_in_json, gpus_text
from raydock.core.models import plain
from raydock.core.program import localize
from raydock.core.texttable import fit, wrap
from raydock.model.tested import TestedSet
from raydock.model.variant import Variant
from raydock.plan.explain import Explanation
from raydock.plan.planner import Plan, Planned
from raydock.plan.suggest import Suggestion, Suggestions
from raydock.probe import tokens

SCHEMA = 1

Sizes = Mapping[str, int | None]

# The facts have the requirements of ray, torch and vllm, but not the requirements of those packages.
NOT_CHECKED = localize("whether all indirect requirements have wheels is unknown until `./build.py lock` resolves them")


# The columns of suggestions that are dropped until a line fits, in this order.
_DROPPED = ("GPU (sm)", "driver", "smoke test")


def document(plan: Plan, planned: Iterable[Planned], sizes: Sizes, no_cutoff: Mapping[str, str]) -> dict[str, Any]:
    """The document of `plan --json` for the chosen variants and all exclusions.

    sizes: the download size of each variant in bytes, by its name; None if unknown.
    no_cutoff: by variant, the indexes to which the cut-off day of its lock does not apply.
    """
    return {
        "schema": SCHEMA,
        "variants": [
            {
                **_identity(each.variant),
                "groups": list(each.groups),
                "ray_extras": list(plan.matrix.packages_of(each.variant).ray_extras),
                "packages": list(plan.matrix.packages_of(each.variant).added),
                "kuberay": each.kuberay,
                "tags": [each.name],
                "min_driver": each.min_driver,
                "sm": gpus_in_json(each.variant, each.sm),
                "glibc": each.glibc,
                "nvcc": toolchain.compiler_of(each.variant),
                "prebuilt_kernels": toolchain.has_prebuilt_kernels(each.variant),
                "token_authentication": tokens.supported(each.variant.ray),
                "download_bytes": sizes.get(each.name),
                "no_cutoff": no_cutoff.get(each.name, ""),
            }
            for each in planned
        ],
        "excluded": [
            {
                **_identity(excluded.variant),
                "reason": excluded.verdict.reason,
                "evidence": excluded.verdict.evidence,
                "nearest": excluded.nearest,
            }
            for excluded in plan.excluded
        ],
    }


def _identity(variant: Variant) -> dict[str, Any]:
    """The keys by which each document names a variant."""
    return {"name": variant.name, "axes": variant.axes}


def explanation_document(explained: Explanation) -> dict[str, Any]:
    """The document of `plan --explain --json`."""
    return {
        "schema": SCHEMA,
        **_identity(explained.variant),
        "valid": explained.valid,
        "in_matrix": explained.in_matrix,
        "verdicts": [
            {"rule": verdict.rule, "ok": verdict.ok, "reason": verdict.reason, "evidence": verdict.evidence}
            for verdict in explained.verdicts
        ],
        "nearest": [
            {
                **_identity(near.variant),
                "moved": [axis.value for axis in near.moved],
                "in_matrix": near.in_matrix,
            }
            for near in explained.nearest
        ],
    }


def suggestions_document(suggestions: Suggestions, tested: Mapping[str, TestedSet]) -> dict[str, Any]:
    """The document of `suggest --json`.

    tested: the results of sets that were tested, by name.
    """
    return {
        "schema": SCHEMA,
        "suggestions": [
            {
                **_identity(suggestion.variant),
                "min_driver": suggestion.min_driver,
                "sm": gpus_in_json(suggestion.variant, suggestion.sm),
                "in_matrix": not suggestion.lines,
                "lines": list(suggestion.lines),
                "tested": plain(tested[suggestion.variant.name]) if suggestion.variant.name in tested else None,
            }
            for suggestion in suggestions.found
        ],
        "rejected": [{"reason": sets.reason, "versions": list(sets.versions)} for sets in suggestions.rejected],
    }


def suggestions_lines(suggestions: Suggestions, tested: Mapping[str, TestedSet], width: int | None) -> list[str]:
    """The sets, best first, with the lines that matrix.yaml needs.

    It also shows why newer sets do not run, and the results of sets that were tested, by name.
    """
    sets = suggestions.found
    rows = [
        {
            "variant": suggestion.variant.name,
            "driver": driver_text(suggestion.min_driver),
            "GPU (sm)": gpus_text(suggestion.variant, suggestion.sm),
            "in matrix.yaml": "no" if suggestion.lines else "yes",
            "smoke test": str(tested.get(suggestion.variant.name, "-")),
        }
        for suggestion in sets
    ]
    notes = [f"newer sets do not run: {rejected}" for rejected in suggestions.rejected]
    notes += [f"not checked: {NOT_CHECKED}"] if any(suggestion.lines for suggestion in sets) else []
    lines = [f"{len(sets)} newest sets:", *fit(rows, _DROPPED, width), *([""] if notes else [])]
    lines += [line for note in notes for line in wrap(note, width)]
    return lines + [line for suggestion in sets if suggestion.lines for line in _matrix_lines(suggestion)]


def _matrix_lines(suggestion: Suggestion) -> list[str]:
    head = ["", f"# matrix.yaml for {suggestion.variant.name}", "axes:"]
    return [*head, *(f"  {line}" for line in suggestion.lines)]


def driver_text(min_driver: str) -> str:
    """The drivers that run a variant, for a table: `>= 580.65.06`, or `-` for the CPU."""
    return f">= {min_driver}" if min_driver else "-"


def count(number: int, what: str, plural: str = "") -> str:
    """A number with a singular or plural noun: 1 variant, 2 variants. The plural adds an s unless it is given."""
    return f"{number} {what if number == 1 else plural or f'{what}s'}"
