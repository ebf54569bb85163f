#!/usr/bin/env python3
"""The door: `./build.py COMMAND`. The commands are in raydock/cli/."""

import os
import sys
from pathlib import Path

root = Path(__file__).resolve().parent
venv = root / ".venv" / "bin" / "python"
if sys.prefix == sys.base_prefix and venv.exists():
    os.execv(venv, [str(venv), *sys.argv])  # noqa: S606 - the same script, with the project's own Python

try:
    from raydock.__main__ import main
except ModuleNotFoundError as error:
    sys.exit(f"build.py: {error.name} is not installed here. Next: `make .venv`, then run this again.")
except KeyboardInterrupt:  # while modules are read
    sys.exit(130)

main()
