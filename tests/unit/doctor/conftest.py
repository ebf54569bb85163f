"""The facts of a real host (one H100, driver 580.159.04, Docker 26.1.5 with CDI, 2026-11-25), and changed ones.

`doctor` recorded them on a real machine; serial number and UUID are removed. Faults are edits: no broken GPU was
available.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raydock.doctor.facts import EngineFacts, HostFacts, split_sections
from raydock.engine.host import Host

DATA = Path(__file__).parents[2] / "support" / "data" / "doctor"
OUTPUT = (DATA / "h100.txt").read_text()
INFO = json.loads((DATA / "h100-info.json").read_text())

Recorded = Callable[..., HostFacts]


@pytest.fixture
def recorded() -> Recorded:
    """Return a function that returns the host's facts, with edits of the text, sections and the engine's info."""

    def make(
        *edits: tuple[str, str],
        info: dict[str, Any] | None = None,
        between: tuple[float, float] | None = None,
        bridge_mtu: int | None = 1500,
        bridge: str = "",
        registry_error: str = "",
        **changed: str,
    ) -> HostFacts:
        text = OUTPUT
        for old, new in edits:
            assert old in text, f"the recorded output has no {old!r}"
            text = text.replace(old, new)
        engine = EngineFacts(
            info=INFO | (info or {}), bridge=bridge, bridge_mtu=bridge_mtu, registry_error=registry_error
        )
        return HostFacts(
            host=Host(name="gpu1", address="ssh://gpu1"),
            sections=split_sections(text) | changed,
            engine=engine,
            registry="reg.example:5000/raydock:x",
            needed=5_000_000_000,
            between=between,
        )

    return make


def without_gpu(facts: HostFacts) -> HostFacts:
    """Return the facts of the same host without a GPU and a driver."""
    kept = {name: text for name, text in facts.sections.items() if name not in {"gpus", "report", "pci"}}
    return replace(facts, sections=kept | {"gpus": "", "pci": ""})
