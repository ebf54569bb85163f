"""Why registries refuse requests, and what fixes it (data/refusals.yaml)."""

import re
from enum import StrEnum

from raydock.core.models import Dated
from raydock.core.yamlfile import shipped
from raydock.registry.name import Name


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


class Refusal(Dated, frozen=True, kw_only=True):
    """A way to refuse: the statuses, or a text in the answer, by which it is known, and what changes it."""

    cause: RefusalCause
    host: re.Pattern[str] = re.compile("")
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
    return refusal.cause, " ".join(refusal.todo.split()).format(host=name.host, repository=name.path, name=name)


def refusals() -> tuple[Refusal, ...]:
    """Every known way to refuse; the last one fits everything."""
    return shipped("registry/data/refusals.yaml", tuple[Refusal, ...])
