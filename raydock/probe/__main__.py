"""Start the probe from its folder: `python -I /opt/raydock/probe`."""

import sys
from importlib import import_module
from pathlib import Path

folder = Path(__file__).resolve().parent
sys.path[0] = str(folder.parent)
sys.exit(import_module(folder.name + ".cli").main(sys.argv[1:]))
