"""Parse the header WWW-Authenticate.

With it, a registry requires credentials (RFC 9110, section 11).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

# A scheme, or a parameter with its value; values come with and without quotes.
_PART = re.compile(r'([\w!#$%&\'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?')


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """One way to authenticate.

    Attributes:
        scheme: `basic`, `bearer` or a scheme that raydock does not support, in lower case.
        fields: its parameters, by name in lower case.
    """

    scheme: str
    fields: Mapping[str, str]


def challenges(header: str) -> list[Challenge]:
    """The challenges of a header, which can have several."""
    parts: list[tuple[str, dict[str, str]]] = []
    for match in _PART.finditer(header):
        name, quoted, bare = match.groups()
        if quoted is None and bare is None:
            parts.append((name.lower(), {}))
        elif parts:
            parts[-1][1][name.lower()] = bare or re.sub(r"\\(.)", r"\1", quoted)
    return [Challenge(scheme=scheme, fields=fields) for scheme, fields in parts]


def scope(challenged: str, repository: str, *, write: bool) -> str:
    """The scope of a token for a repository.

    It is the scope of a challenge, with the missing actions added.

    A challenge can have no scope, or only `pull` before a push. Source: distribution's token authentication
    (distribution.github.io/distribution/spec/auth/scope, read 2026-11-29).
    """
    actions = "pull,push" if write else "pull"
    if not challenged:
        return f"repository:{repository}:{actions}"
    kind, _, rest = challenged.partition(":")
    name, _, named = rest.rpartition(":")
    incomplete = write and kind == "repository" and name == repository and not {"push", "*"} & set(named.split(","))
    return f"{kind}:{name}:{actions}" if incomplete else challenged
