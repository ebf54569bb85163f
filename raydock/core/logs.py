"""Remarks of raydock's modules on stderr, through Python's `logging`: a warning always, all else with -v."""

import logging

import click


class _Handler(logging.Handler):
    """Writes to what is stderr at that moment: progress on a terminal replaces it for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"raydock: {record.getMessage()}", err=True)


def configure(*, quiet: bool, verbose: bool) -> None:
    """Sets what is shown, as -q and -v require."""
    logger = logging.getLogger("raydock")
    logger.handlers = [_Handler()]
    logger.propagate = False
    logger.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)
