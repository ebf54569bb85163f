"""Load a shared library: `compiler_load.py PATH`.

The answer has the libraries that were loaded, and the error if it failed.
"""

import ctypes
import json
import os
import sys
from pathlib import Path

error = ""
try:
    ctypes.CDLL(sys.argv[1])
except OSError as reason:
    error = str(reason)
maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
libraries = sorted({line.split(maxsplit=5)[5] for line in maps if ".so" in line})
Path(os.environ["RAYDOCK_ANSWER"]).write_text(json.dumps({"libraries": libraries, "error": error}))
