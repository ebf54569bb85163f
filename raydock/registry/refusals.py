"""Why registries refuse requests, and what fixes it (data/refusals.yaml)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from raydock.core.yamlfile import YamlEntry, read
from raydock.registry.name import Name

DATA = Path(__file__).parent / "data" / "refusals.yaml"
_KEYS = ("cause", "host", "status", "text", "todo", "source", "date")


class RefusalCause(StrEnum):
    """Why a registry refuses a request."""

    BODY_LIMIT = "body-limit"
    IMMUTABLE = "immutable"
    DISK = "disk"
    QUOTA = "quota"
    RATE = "rate"
    MISSING = "missing"
    NAME = "name"
    LOGIN = "login"
    DENIED = "denied"
    PLAIN_HTTP = "plain-http"
    CERTIFICATE = "certificate"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A way to refuse: the statuses, or a text in the answer, by which it is known, and what changes it."""

    cause: RefusalCause
    host: re.Pattern[str]
    status: tuple[int, ...]
    text: re.Pattern[str]
    todo: str

    def fits(self, host: str, status: int, text: str) -> bool:
        """Whether an answer is of this kind."""
        return bool(self.host.search(host)) and (status in self.status or bool(self.text.search(text)))


def cause_of(name: Name, status: int, text: str) -> tuple[RefusalCause, str]:
    """Why a registry refused a request for a repository, and what to do.

    status: the HTTP status; 0 if only the engine's message is known.
    text: the registry's error codes and messages.
    """
    plain = text.lower().replace("_", " ")
    refusal = next(item for item in refusals() if item.fits(name.host, status, plain))
    return refusal.cause, refusal.todo.format(host=name.host, repository=name.path, name=name)


@cache
def refusals() -> tuple[Refusal, ...]:
    """Every known way to refuse; the last one fits everything."""
    return tuple(_refusal(entry) for entry in read(DATA).list())


def _refusal(entry: YamlEntry) -> Refusal:
    items = entry.items(_KEYS, tuple(key for key in _KEYS if key != "host"))
    return Refusal(
        cause=RefusalCause(items["cause"].text()),
        host=re.compile(items["host"].text() if "host" in items else ""),
        status=tuple(int(item.text()) for item in items["status"].list()),
        text=re.compile(items["text"].text()),
        todo=" ".join(items["todo"].text().split()),
    )
