"""A lock's text: written in one place, sealed, and the same bytes for the same answer.

It begins with raydock's own lines: a warning; `seal`, the sha256 of all that follows, so that a hand edit is noticed;
`variant`; `inputs`, the request's digest; `resolver`; `no-cutoff`, the indexes that give no upload times, so that the
cut-off day does not hold for them; and `download-bytes`, the size of the wheels, if the index gives it. Then come the
pins by name, each with the hash of the one wheel that the variant installs and with the packages that require it. One
hash, and not those of every platform's files: the lock names exactly what goes into the image, also when a release
gains files later, and it is a tenth of the size. If an extra index offers a different wheel in its place, the lock has
both hashes. A package without any wheel has its source file's hash, pip's option that allows it, and what it is built
with.
"""

import hashlib
from collections.abc import Sequence

from packaging.utils import canonicalize_name

from raydock.lock.artifacts import Artifact
from raydock.lock.request import LockRequest
from raydock.lock.resolver import Pins
from raydock.model import lock
from raydock.model.requirement import requirement

_WARNING = b"# Made by `./build.py lock` from matrix.yaml: do not edit."


def compose(
    name: str, asked: LockRequest, resolver: str, pins: Pins, artifacts: Sequence[Artifact], *, no_cutoff: str = ""
) -> str:
    """The text of a variant's lock, from the answer of a resolver and the wheel of each pin.

    `no_cutoff` names the indexes for which the cut-off day does not hold.
    """
    header = {"variant": name, "inputs": asked.digest, "resolver": resolver}
    if no_cutoff:
        header[lock.NO_CUTOFF] = no_cutoff
    sizes = [item.size for item in artifacts if item.size is not None]
    if len(sizes) == len(artifacts):
        header["download-bytes"] = str(sum(sizes))
    head = "".join(f"# {key}: {value}\n" for key, value in header.items())
    sealed = f"{head}\n{body(asked, pins, artifacts, 'matrix.yaml')}".encode()
    return b"\n".join((_WARNING, _seal(sealed), sealed)).decode()


def body(asked: LockRequest, pins: Pins, artifacts: Sequence[Artifact], source: str) -> str:
    """The pins of a lock by name, each with its hash and who asked for it: other packages, or `source`."""
    direct = {canonicalize_name(requirement(line).name) for line in asked.requirements}
    items = sorted(artifacts, key=lambda item: item.project)
    return "".join(
        _pin(item, [*([f"-r {source}"] if item.project in direct else []), *sorted(set(pins[item.project].via))])
        for item in items
    )


def header(content: bytes) -> dict[str, str] | None:
    """The header of a lock's bytes; None where they are not as raydock wrote them. Reads no pin: it has to be quick."""
    warning, _, rest = content.partition(b"\n")
    seal, _, sealed = rest.partition(b"\n")
    if warning != _WARNING or seal != _seal(sealed):
        return None
    return lock.parse(sealed.partition(b"\n\n")[0].decode()).header


def _seal(sealed: bytes) -> bytes:
    return f"# seal: sha256:{hashlib.sha256(sealed).hexdigest()}".encode()


def _pin(item: Artifact, who: Sequence[str]) -> str:
    words = f" {who[0]}" if len(who) == 1 else "".join(f"\n    #   {parent}" for parent in who)
    source = [f"--no-binary {item.project}\n"] if item.build else []
    source += [f"    # built with {line}\n" for line in item.build]
    hashes = "".join(f" \\\n    {option}" for option in item.hashes)
    return f"{item.project}=={item.version}{hashes}\n{''.join(source)}    # via{words}\n"
