"""Ray's token authentication."""

import re
from typing import Dict, List

# The first release of Ray that has it. Source: docs.ray.io, Ray token authentication, read 2026-12-01.
SINCE = "2.52.0"
MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
# Later releases of Ray require a token if the mode is not set.
OPEN = {MODE: "disabled"}


def supported(ray: str) -> bool:
    """Whether a release of Ray, such as 2.60.0, has token authentication."""
    return _numbers(ray) >= _numbers(SINCE)


def environment(token: str) -> Dict[str, str]:
    """The variables of a node that requires this token; those of an open node if it is empty."""
    return {MODE: "token", TOKEN: token} if token else dict(OPEN)


def _numbers(version: str) -> List[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]
