"""What raydock reads of an engine's answers, checked as they arrive: beyond this point their shape is known.

Docker's Engine API 1.24 to 1.51 (docs.docker.com/reference/api/engine, read 2026-11-29).
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from raydock.build.engine_errors import unexpected

Shape = dict[str, type] | list[dict[str, type]]
_NAMED: Shape = {"Id": str}
# By path, without the version in front: keys that must be there, with their types; a list has many of such.
SHAPES: dict[str, Shape] = {
    r"/info": {"ServerVersion": str, "Driver": str},
    r"/version": {"Version": str, "ApiVersion": str},
    r"/images/json": [{"Id": str}],
    r"/images/.+/json": {"Id": str, "Config": dict, "RootFS": dict},
    r"/containers/json": [{"Id": str, "Labels": dict}],
    r"/containers/create": _NAMED,
    r"/containers/[^/]+/json": {"Id": str, "Config": dict, "State": dict},
    r"/containers/[^/]+/wait": {"StatusCode": int},
    r"/containers/[^/]+/exec": _NAMED,
    r"/exec/[^/]+/json": {"Running": bool},
    r"/networks": [{"Id": str, "Name": str, "Labels": dict}],
    r"/networks/create": _NAMED,
    r"/networks/[^/]+": {"Id": str, "Name": str},
}
_VERSION = re.compile(r"^/v[\d.]+(?=/)")
_MISSING = object()


def check(response: requests.Response, **options: Any) -> None:
    """A hook of `requests`. Raises OutOfReachError if the answer has a shape that no Docker engine's answer has."""
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
    if trouble := _difference(document, shape):
        raise unexpected(doing, trouble)


def _check_error(response: requests.Response, doing: str) -> None:
    """An error has a message, or plain text: Docker's SDK reads nothing else."""
    try:
        document = json.loads(response.content)
    except (ValueError, requests.RequestException):
        return
    if not (isinstance(document, dict) and isinstance(document.get("message"), str)):
        raise unexpected(doing, f"status {response.status_code}, {response.text[:200]}")


def _difference(document: object, shape: Shape) -> str:
    """In what way a document has not this shape; empty if it has."""
    if isinstance(shape, list):
        if not isinstance(document, list):
            return "not a list"
        return next(filter(None, (_difference(item, shape[0]) for item in document)), "")
    if not isinstance(document, dict):
        return "not an object"
    for key, kind in shape.items():
        value = document.get(key, _MISSING)
        if value is _MISSING:
            return f"{key} is missing"
        if not isinstance(value, kind):
            return f"{key} is {value!r}"
    return ""
