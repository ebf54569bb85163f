"""`./build.py` in the test's process: the real `main` with its exit code and output, without starting Python."""

import signal
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from raydock.__main__ import main
from tests.support.toy import ROOT, Checkout, Run


def run_in_process(checkout: Checkout, *arguments: str, stdin: str = "") -> Run:
    """Run `./build.py ARGUMENTS` on a checkout, as Checkout.run does."""
    before = signal.getsignal(signal.SIGTERM)
    environment = {"COLUMNS": "200", "NO_COLOR": "1", **checkout.environment, "RAYDOCK_ROOT": str(checkout.root)}
    try:
        argv = patch.object(sys, "argv", ["build.py", *arguments])
        with CliRunner().isolation(stdin, environment) as (out, err, _), argv:
            with pytest.raises(SystemExit) as end:
                main()
            sys.stdout.flush()
            sys.stderr.flush()
            return Run(int(end.value.code or 0), out.getvalue().decode(), err.getvalue().decode())
    finally:
        signal.signal(signal.SIGTERM, before)


def run(*arguments: str, root: Path = ROOT) -> Run:
    """Run `./build.py ARGUMENTS` on the checkout in `root`, without variables of its own."""
    return run_in_process(Checkout(root=root, environment={}), *arguments)
