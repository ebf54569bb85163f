"""Refresh UV_GLIBC in raydock/lock/request.py: the glibc versions that uv resolves for.

The source is `uv pip compile --help` of the uv that requirements.txt pins. Tested on 2026-11-30 with uv 0.13.9, and in
tests/unit/tools/ with a part of its output.
"""

import re
import subprocess

import uv

from tools.refresh import Proposal, Table, refresher

TABLE = Table(path="raydock/lock/request.py", marks=("`uv pip compile --help`; read ",))

_PLATFORM = re.compile(r"x86_64-manylinux_?2_(\d+)")
_NUMBERS = re.compile(r"(?m)^UV_GLIBC = \(.*\)$")
_VERSION = re.compile(r"\(uv [\d.]+, `uv pip compile --help`")


@refresher(TABLE)
def main() -> Proposal:
    """Read the platforms of the installed uv, which is the pinned one after `make venv-dev`.

    \b
    Example: .venv/bin/python -m tools.refresh_uv_platforms --check
    """
    program = uv.find_uv_bin()
    return propose(_output(program, "pip", "compile", "--help"), _output(program, "--version").split()[1])


def propose(usage: str, version: str) -> Proposal:
    """Return the module with the platforms in the help text of a uv and that uv's version."""
    numbers = sorted({int(number) for number in _PLATFORM.findall(usage)})
    text = _NUMBERS.sub(f"UV_GLIBC = ({', '.join(map(str, numbers))})", TABLE.read())
    return Proposal(text=_VERSION.sub(f"(uv {version}, `uv pip compile --help`", text))


def _output(program: str, *arguments: str) -> str:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
