"""Log messages on stderr through Python's `logging`.

The default level is warning; -v shows all messages.
"""

import logging

import click


class _Handler(logging.Handler):
    """Writes to the current sys.stderr, which the progress display replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"raydock: {record.getMessage()}", err=True)


def configure(*, quiet: bool, verbose: bool) -> None:
    """Sets the log level for -q and -v."""
    logger = logging.getLogger("raydock")
    logger.handlers = [_Handler()]
    logger.propagate = False
    logger.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)
