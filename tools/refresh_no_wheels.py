"""Refresh raydock/compat/data/no-wheels.yaml: required packages of which no release has a wheel.

Tested against the package index on 2026-11-30, and in tests/unit/tools/ against a small one.
"""

from collections.abc import Iterable

from raydock.compat import sdists
from raydock.compat.wheels import WheellessPackages
from raydock.core.parallel import readers
from raydock.core.yamlfile import load
from raydock.index.client import Index
from raydock.model import facts
from tools.refresh import ROOT, Proposal, Table, package_index, refresher, with_list

TABLE = Table(path="raydock/compat/data/no-wheels.yaml")


@refresher(TABLE)
def main() -> Proposal:
    """Ask the package index which packages that a ray, torch or vllm of facts.json requires have no wheel.

    \b
    Example: .venv/bin/python -m tools.refresh_no_wheels --check
    """
    known = facts.load(ROOT / "lockfiles" / "facts.json")
    required = {name for release in known.releases.values() for name in release.required}
    return propose(package_index(), required)


def propose(index: Index, required: Iterable[str]) -> Proposal:
    """The table with those of the required packages, and of its present ones, that have files and no wheel."""
    text = TABLE.read()
    named = load(TABLE.file, WheellessPackages).names
    asked = sorted({*named, *required} - sdists.known().keys())
    with readers(16) as pool:
        without = [
            name
            for name, found in zip(asked, pool.map(lambda name: _has_no_wheel(index, name), asked), strict=True)
            if found
        ]
    return Proposal(text=with_list(text, "names", without) if set(without) != named else text)


def _has_no_wheel(index: Index, name: str) -> bool:
    kinds = {file.package_type for file in index.page(name).files}
    return bool(kinds) and "wheel" not in kinds


if __name__ == "__main__":
    main()
