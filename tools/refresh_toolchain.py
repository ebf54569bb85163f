"""Refresh raydock/compat/data/toolchain.yaml: the packages of the CUDA compiler.

The requirements are written by hand. This program checks in the package index whether they can be met for each CUDA
whose runtime it has, whether they name all packages that nvcc requires, and whether the newest nvcc's wheel still
contains nvcc. Tested with the package index on 2026-11-30, and in tests/unit/tools/.
"""

from collections.abc import Iterator

from packaging.metadata import parse_email
from packaging.version import Version

from raydock.compat import toolchain
from raydock.compat.toolchain import Toolchain
from raydock.index.client import Index
from raydock.model.requirement import requirement
from raydock.model.variant import Axis
from tools.refresh import Proposal, Table, final_releases, linux_wheel, opened, package_index, refresher

TABLE = Table(path="raydock/compat/data/toolchain.yaml")
_NVCC = "nvidia-cuda-nvcc"


@refresher(TABLE)
def main() -> Proposal:
    """Check that the package index has, for each CUDA, the compiler packages that toolchain.yaml requires.

    \b
    Example: .venv/bin/python -m tools.refresh_toolchain --check
    """
    return propose(package_index())


def propose(index: Index) -> Proposal:
    """Return the unchanged table with the requirements that the index does not meet."""
    known = toolchain.known()
    return Proposal(text=TABLE.read(), open=(*_unmet(index, known), *_wheel(index, known)))


def _unmet(index: Index, known: Toolchain) -> Iterator[str]:
    """Yield the requirements without a release, by CUDA."""
    series = sorted({version.release[:2] for version in final_releases(index, known.runtime)})
    releases = {name: final_releases(index, name) for name in known.packages}
    for major, minor in series:
        if f"{major}.{minor}" not in known.when[Axis.CUDA]:
            continue
        for template in known.templates:
            required = requirement(template.format(cuda=f"{major}.{minor}", next=f"{major}.{minor + 1}"))
            if not any(version in required.specifier for version in releases[required.name]):
                yield f"CUDA {major}.{minor}: no release meets `{required}`."


def _wheel(index: Index, known: Toolchain) -> Iterator[str]:
    """Yield what the newest nvcc requires and the table does not name, and whether its wheel lacks nvcc."""
    releases = final_releases(index, _NVCC)
    newest = max(releases, default=Version("0"))
    wheel = linux_wheel(releases.get(newest, ()))
    if wheel is None:
        yield f"the package index has no wheel of {_NVCC} {newest} for Linux."
        return
    for line in parse_email(index.metadata(wheel))[0].get("requires_dist", ()):
        if requirement(line).name not in {*known.packages, known.runtime}:
            yield f"{_NVCC} {newest} requires `{line}`, which the table does not name."
    with opened(index, wheel) as archive:
        if not any(name.endswith("/bin/nvcc") for name in archive.namelist()):
            yield f"the wheel of {_NVCC} {newest} does not contain bin/nvcc."


if __name__ == "__main__":
    main()
