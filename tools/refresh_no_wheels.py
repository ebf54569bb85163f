"""Refresh raydock/compat/data/no-wheels.yaml: required packages of which no release has a wheel.

Tested with the package index on 2026-11-30, and in tests/unit/tools/ with a small one.
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
    """Find the packages required by a ray, torch or vllm of facts.json that have no wheel in the package index.

    \b
    Example: .venv/bin/python -m tools.refresh_no_wheels --check
    """
    known = facts.load(ROOT / "lockfiles" / "facts.json")
    required = {name for release in known.releases.values() for name in release.required_projects}
    return propose(package_index(), required)


def propose(index: Index, required: Iterable[str]) -> Proposal:
    """Return the table with the required packages, and those already in it, that have files but no wheel."""
    text = TABLE.read()
    named = load(TABLE.file, WheellessPackages).names
    candidates = sorted({*named, *required} - sdists.known().keys())
    with readers(16) as pool:
        answers = pool.map(lambda name: _has_no_wheel(index, name), candidates)
        without = [name for name, has_no_wheel in zip(candidates, answers, strict=True) if has_no_wheel]
    return Proposal(text=with_list(text, "names", without) if set(without) != named else text)


def _has_no_wheel(index: Index, name: str) -> bool:
    kinds = {file.package_type for file in index.page(name).files}
    return bool(kinds) and "wheel" not in kinds


if __name__ == "__main__":
    main()
