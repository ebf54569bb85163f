"""What a registry requires of a request without credentials: the header WWW-Authenticate (RFC 9110, section 11)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# A scheme, or a parameter with its value; values come with and without quotes.
_PART = re.compile(r'([\w!#$%&\'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?')


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One scheme, `basic` or `bearer`, with its parameters."""

    scheme: str
    fields: Mapping[str, str]


def challenges(header: str) -> list[Challenge]:
    """The challenges of a header, which may hold several."""
    found: list[tuple[str, dict[str, str]]] = []
    for match in _PART.finditer(header):
        name, quoted, bare = match.groups()
        if quoted is None and bare is None:
            found.append((name.lower(), {}))
        elif found:
            found[-1][1][name.lower()] = bare or re.sub(r"\\(.)", r"\1", quoted)
    return [Challenge(scheme=scheme, fields=fields) for scheme, fields in found]


def scope(given: str, repository: str, *, write: bool) -> str:
    """The scope of a token for a repository: the one that a challenge names, completed.

    A challenge may name none, or only `pull` when a push is next. Source: distribution's token authentication
    (distribution.github.io/distribution/spec/auth/scope, read 2026-11-29).
    """
    actions = "pull,push" if write else "pull"
    if not given:
        return f"repository:{repository}:{actions}"
    kind, _, rest = given.partition(":")
    name, _, named = rest.rpartition(":")
    lacks = write and kind == "repository" and name == repository and not {"push", "*"} & set(named.split(","))
    return f"{kind}:{name}:{actions}" if lacks else given
