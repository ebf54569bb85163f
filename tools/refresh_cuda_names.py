"""Refresh raydock/compat/data/cuda.yaml: which packages are made for one CUDA, by their names and versions.

The patterns are written by hand. This program compares them with the packages of all locks: it finds names that
mention a CUDA and match no pattern, and packages that pin one torch and are missing from `with-torch`. Tested against
the package index on 2026-11-30, and in tests/unit/tools/.
"""

import re
from collections.abc import Iterator, Mapping

from packaging.metadata import parse_email
from packaging.version import Version

from raydock.compat.cuda_packages import CudaNames, cuda_names
from raydock.core.parallel import readers
from raydock.index.client import Index
from raydock.model.lock import Pin
from raydock.model.requirement import requirement
from tools.refresh import Proposal, Table, final_releases, linux_wheel, locked, package_index, refresher, with_list

TABLE = Table(path="raydock/compat/data/cuda.yaml")

_NUMBER = re.compile(r"cu(da)?1\d")


@refresher(TABLE)
def main() -> Proposal:
    """Compare the patterns of cuda.yaml with the packages of all locks and their metadata in the package index.

    \b
    Example: .venv/bin/python -m tools.refresh_cuda_names --check
    """
    return propose(package_index(), locked())


def propose(index: Index, pins: Mapping[str, list[Pin]]) -> Proposal:
    """Return the table with all packages that pin one torch, and the names of CUDA packages that match no pattern."""
    names, text = cuda_names(), TABLE.read()
    requiring = {name for pin in pins.get("torch", ()) for name in pin.via} - set(names.with_torch)
    candidates = [pin for name in sorted(requiring) for pin in pins.get(name, ())]
    with readers(16) as pool:
        pinning = pool.map(lambda pin: _pins_torch(index, pin), candidates)
        missing = sorted({pin.name for pin, pins_one in zip(candidates, pinning, strict=True) if pins_one})
    if missing:
        text = with_list(text, "with-torch", [*names.with_torch, *missing])
    return Proposal(text=text, open=tuple(_unknown(names, pins)))


def _pins_torch(index: Index, pin: Pin) -> bool:
    """Whether a package requires exactly one release of torch."""
    wheel = linux_wheel(final_releases(index, pin.name).get(Version(pin.version), ()))
    lines = parse_email(index.metadata(wheel))[0].get("requires_dist", ()) if wheel else ()
    return any(
        specifier.operator == "=="
        for line in lines
        if requirement(line).name == "torch"
        for specifier in requirement(line).specifier
    )


def _unknown(names: CudaNames, pins: Mapping[str, list[Pin]]) -> Iterator[str]:
    """Yield packages that match no pattern although their name, or name and version, are those of a CUDA."""
    majors = {Version(pin.version).major for pin in pins.get("nvidia-cuda-runtime", ())} | {12}
    for name, versions in pins.items():
        if any(re.fullmatch(form, name) for form in names.coexisting):
            continue
        for pin in versions:
            of_cuda = _NUMBER.search(name) or ("cuda" in name and Version(pin.version).major in majors)
            if of_cuda and names.major(name, pin.version) is None:
                yield f"{name} {pin.version} seems to be for one CUDA and matches no pattern."


if __name__ == "__main__":
    main()
