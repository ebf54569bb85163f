"""The begin of raydock's locks: a warning, a seal, and a header with lines `# key: value`.

The seal is the sha256 of everything below it, so that raydock detects a lock that was edited by hand.
"""

import hashlib
import re
from collections.abc import Mapping

_WARNING = "# Made by `./build.py lock` from matrix.yaml: do not edit."
_HEADER = re.compile(r"# ([a-z-]+): (.*)")


def compose(header: Mapping[str, str], body: str) -> str:
    """Write the text of a lock."""
    sealed = "".join(f"# {key}: {value}\n" for key, value in header.items()) + f"\n{body}"
    return f"{_WARNING}\n{_seal(sealed)}\n{sealed}"


def split(text: str) -> tuple[dict[str, str], str] | None:
    """The header and the body of a lock; None if it was edited."""
    warning, _, rest = text.partition("\n")
    seal, _, sealed = rest.partition("\n")
    if warning != _WARNING or seal != _seal(sealed):
        return None
    head, _, body = sealed.partition("\n\n")
    return read_header(head), body


def read_header(text: str) -> dict[str, str]:
    """The values of the header's lines, by key. Other lines are ignored."""
    return {match[1]: match[2] for line in text.splitlines() if (match := _HEADER.fullmatch(line))}


def _seal(sealed: str) -> str:
    return f"# seal: sha256:{hashlib.sha256(sealed.encode()).hexdigest()}"
