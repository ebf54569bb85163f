"""`./build.py` in the test's own process: `main` as it is, its exit code and words, without a start of Python."""

import signal
import sys
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from raydock.__main__ import main
from tests.support.toy import Checkout, Run


def ask(checkout: Checkout, *words: str, said: str = "") -> Run:
    """What `./build.py WORDS` answers on a checkout, as Checkout.run does; `said` is its standard input."""
    before = signal.getsignal(signal.SIGTERM)
    environment = {"COLUMNS": "200", "NO_COLOR": "1", **checkout.environment, "RAYDOCK_ROOT": str(checkout.root)}
    try:
        with CliRunner().isolation(said, environment) as (out, err, _), patch.object(sys, "argv", ["build.py", *words]):
            with pytest.raises(SystemExit) as end:
                main()
            sys.stdout.flush()
            sys.stderr.flush()
            return Run(int(end.value.code or 0), out.getvalue().decode(), err.getvalue().decode())
    finally:
        signal.signal(signal.SIGTERM, before)
