"""Parse the options that describe a host: a driver's version and compute capabilities."""

import re

from raydock.core.errors import ConfigurationError

DRIVER = re.compile(r"\d{3,4}(\.\d{1,3}){1,2}")
CAPABILITY = re.compile(r"\d{1,2}\.\d")


def driver(text: str) -> str:
    """Check a driver's version, such as 535.104.05.

    Raises ConfigurationError if it is not a driver's version.
    """
    if not DRIVER.fullmatch(text):
        raise ConfigurationError(
            f"--driver {text!r} is not a driver's version.",
            todo="write it like 535.104.05: `nvidia-smi --query-gpu=driver_version --format=csv,noheader` prints it.",
        )
    return text


def capability(text: str) -> int:
    """Convert a compute capability, such as 8.6, to an sm number, 86.

    Raises ConfigurationError if it is not a compute capability.
    """
    if not CAPABILITY.fullmatch(text):
        raise ConfigurationError(
            f"--gpu {text!r} is not a compute capability.",
            todo="write it like 8.0: `nvidia-smi --query-gpu=compute_cap --format=csv,noheader` prints it.",
        )
    return sm(text)


def sm(text: str) -> int:
    """The sm number of a well-formed compute capability."""
    return int(text.replace(".", ""))
