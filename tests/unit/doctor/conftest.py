"""What a real host said (one H100, driver 580.159.04, Docker 26.1.5 by CDI, 2026-11-25), and the same with changes.

Recorded by `doctor` on a lent machine, without serial number and UUID. Faults are edits: no broken GPU was there.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raydock.doctor.facts import Engine, Seen, sections

DATA = Path(__file__).parents[2] / "support" / "data" / "doctor"
ANSWER = (DATA / "h100.txt").read_text()
INFO = json.loads((DATA / "h100-info.json").read_text())

See = Callable[..., Seen]


@pytest.fixture
def see() -> See:
    """That host, its answer edited by pairs of words, its sections and its engine's info by name."""

    def make(
        *edits: tuple[str, str],
        info: dict[str, Any] | None = None,
        between: tuple[float, float] | None = None,
        bridge_mtu: int | None = 1500,
        registry_trouble: str = "",
        **changed: str,
    ) -> Seen:
        text = ANSWER
        for old, new in edits:
            assert old in text, f"the recorded answer has no {old!r}"
            text = text.replace(old, new)
        engine = Engine(info=INFO | (info or {}), bridge_mtu=bridge_mtu, registry_trouble=registry_trouble)
        return Seen(
            name="gpu1",
            sections=sections(text) | changed,
            engine=engine,
            registry="reg.example:5000/raydock:x",
            needed=5_000_000_000,
            between=between,
        )

    return make


def without_gpu(seen: Seen) -> Seen:
    """The same host with no GPU built in and no driver."""
    kept = {name: text for name, text in seen.sections.items() if name not in {"gpus", "report", "pci"}}
    return replace(seen, sections=kept | {"gpus": "", "pci": ""})
