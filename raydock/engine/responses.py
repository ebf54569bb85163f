"""Checks of an engine's answers, so that other modules rely on their form (data/answers.yaml)."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from raydock.core.models import Dated
from raydock.core.yamlfile import shipped
from raydock.engine.errors import unexpected

# The name of a type, a list of one form, or an object's keys; a key that ends with `?` may be absent or null.
Form = str | list["Form"] | dict[str, "Form"]
_TYPES = {kind.__name__: kind for kind in (str, int, bool, list, dict)}
_VERSION = re.compile(r"^/v[\d.]+(?=/)")


class AnswerForms(Dated, frozen=True, kw_only=True):
    """The forms of answers.

    Attributes:
        forms: each by a regular expression for the path, without the version in front.
    """

    forms: dict[str, Any]


def known() -> dict[str, Form]:
    """The forms that raydock knows."""
    return shipped("engine/data/answers.yaml", AnswerForms).forms


def check(response: requests.Response, **options: Any) -> None:
    """Check an answer, as a hook of `requests`.

    Raises OutOfReachError if no Docker engine answers so.
    """
    path = _VERSION.sub("", urlsplit(response.url).path)
    doing = f"answering {response.request.method} {path}"
    if response.status_code >= 400:
        _check_error(response, doing)
        return
    form = next((form for pattern, form in known().items() if re.fullmatch(pattern, path)), None)
    if form is None or options.get("stream") or response.request.method not in ("GET", "POST"):
        return
    try:
        document = response.json()
    except ValueError:
        raise unexpected(doing, f"{response.text[:80]!r} is not JSON") from None
    if difference := _difference(document, form):
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


def _difference(value: object, form: Form, name: str = "it") -> str:
    """How a value differs from a form; empty if it does not."""
    if isinstance(form, str):
        return "" if isinstance(value, _TYPES[form]) else f"{name} is {str(value)[:80]!r}"
    if isinstance(form, list):
        if not isinstance(value, list):
            return f"{name} is not a list"
        return next(filter(None, (_difference(entry, form[0], f"an item of {name}") for entry in value)), "")
    if not isinstance(value, dict):
        return f"{name} is not an object"
    for key, part in form.items():
        inner = value.get(key.rstrip("?"))
        if inner is None and key.endswith("?"):
            continue
        if difference := _difference(inner, part, key.rstrip("?")):
            return difference
    return ""
