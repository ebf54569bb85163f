"""Refresh raydock/probe/gpu/driver-errors.json: the meaning of the CUDA driver's error codes.

The texts are written by hand. This program compares codes and names with cuda.h and driver_types.h in the newest
nvidia-cuda-runtime wheel of the package index. Tested against the package index on 2026-11-30, and in
tests/unit/tools/.
"""

import json
import re
from collections.abc import Iterator

from tools.refresh import Proposal, Table, final_releases, linux_wheel, opened, package_index, refresher

TABLE = Table(path="raydock/probe/gpu/driver-errors.json", marks=('"date": "',), hashed=True)

_HEADERS = ("cuda.h", "driver_types.h")
_CODE = re.compile(r"^\s*(CUDA_ERROR_\w+|cudaError\w+)\s*=\s*(\d+)", re.MULTILINE)


@refresher(TABLE)
def main() -> Proposal:
    """Compare the codes and names of driver-errors.json with the headers of the newest CUDA runtime.

    \b
    Example: .venv/bin/python -m tools.refresh_driver_errors --check
    """
    index = package_index()
    files = next(
        files for files in reversed(final_releases(index, "nvidia-cuda-runtime").values()) if linux_wheel(files)
    )
    wheel = linux_wheel(files)
    assert wheel is not None
    with opened(index, wheel) as archive:
        names = [name for name in archive.namelist() if name.rpartition("/")[2] in _HEADERS]
        return propose("\n".join(archive.read(name).decode() for name in names))


def propose(headers: str) -> Proposal:
    """Return the unchanged table with the codes that are missing in the headers or have a different name there."""
    return Proposal(text=TABLE.read(), open=tuple(_different(headers)))


def _different(headers: str) -> Iterator[str]:
    codes: dict[str, set[str]] = {}
    for name, code in _CODE.findall(headers):
        codes.setdefault(code, set()).add(name)
    for code, (name, _) in json.loads(TABLE.read())["errors"].items():
        if name not in codes.get(code, ()):
            yield f"{code} is not {name}: the headers have {', '.join(sorted(codes.get(code, ()))) or 'no such code'}."


if __name__ == "__main__":
    main()
