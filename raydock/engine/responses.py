"""Checks of an engine's answers, so that other modules rely on their shape.

Source: Docker's Engine API 1.24 to 1.51 (docs.docker.com/reference/api/engine, read 2026-11-29).
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from raydock.engine.errors import unexpected

# A type, a list of one shape, or an object's keys; a key that ends with `?` may be absent or null.
Shape = type | list["Shape"] | dict[str, "Shape"]
_NAMED: Shape = {"Id": str}
# By path, without the version in front.
SHAPES: dict[str, Shape] = {
    r"/info": {
        "ServerVersion": str,
        "Driver": str,
        "DriverStatus?": [list],
        "SecurityOptions?": [str],
        "CDISpecDirs?": [str],
        "Runtimes?": dict,
    },
    r"/version": {"Version": str, "ApiVersion": str, "Components?": [dict]},
    r"/images/json": [{"Id": str, "RepoTags?": [str], "RepoDigests?": [str], "Labels?": dict, "Size?": int}],
    r"/images/.+/json": {
        "Id": str,
        "RepoTags?": [str],
        "RepoDigests?": [str],
        "Config?": {"Env?": [str], "Labels?": dict, "User?": str},
        "RootFS?": {"Layers?": [str]},
    },
    r"/containers/json": [{"Id": str, "Labels": dict}],
    r"/containers/create": _NAMED,
    r"/containers/[^/]+/json": {"Id": str, "Config": dict, "State": dict},
    r"/containers/[^/]+/wait": {"StatusCode": int},
    r"/containers/[^/]+/exec": _NAMED,
    r"/exec/[^/]+/json": {"Running": bool},
    r"/networks": [{"Id": str, "Name": str, "Labels?": dict}],
    r"/networks/create": _NAMED,
    r"/networks/[^/]+": {"Id?": str, "Name?": str, "Options?": dict},
}
_VERSION = re.compile(r"^/v[\d.]+(?=/)")


def check(response: requests.Response, **options: Any) -> None:
    """Check an answer, as a hook of `requests`.

    Raises OutOfReachError if no Docker engine answers so.
    """
    path = _VERSION.sub("", urlsplit(response.url).path)
    doing = f"answering {response.request.method} {path}"
    if response.status_code >= 400:
        _check_error(response, doing)
        return
    shape = next((shape for pattern, shape in SHAPES.items() if re.fullmatch(pattern, path)), None)
    if shape is None or options.get("stream") or response.request.method not in ("GET", "POST"):
        return
    try:
        document = response.json()
    except ValueError:
        raise unexpected(doing, f"{response.text[:80]!r} is not JSON") from None
    if difference := _difference(document, shape):
        raise unexpected(doing, difference)


def _check_error(response: requests.Response, doing: str) -> None:
    """Check that an error has a message or is plain text.

    Docker's SDK reads nothing else.
    """
    try:
        document = json.loads(response.content)
    except (ValueError, requests.RequestException):
        return
    if not (isinstance(document, dict) and isinstance(document.get("message"), str)):
        raise unexpected(doing, f"status {response.status_code}, {response.text[:200]}")


def _difference(value: object, shape: Shape, name: str = "it") -> str:
    """How a value differs from a shape; empty if it does not."""
    if isinstance(shape, type):
        return "" if isinstance(value, shape) else f"{name} is {str(value)[:80]!r}"
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{name} is not a list"
        return next(filter(None, (_difference(entry, shape[0], f"an item of {name}") for entry in value)), "")
    if not isinstance(value, dict):
        return f"{name} is not an object"
    for key, part in shape.items():
        inner = value.get(key.rstrip("?"))
        if inner is None and key.endswith("?"):
            continue
        if difference := _difference(inner, part, key.rstrip("?")):
            return difference
    return ""
