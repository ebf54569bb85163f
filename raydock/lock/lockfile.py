"""Write the text of locks, sealed, and with the same bytes for the same pins.

Its header (raydock/model/sealed.py) has `variant`; `inputs`, the request's digest; `cutoff`, the cut-off day, which the
lock keeps if matrix.yaml gets a later one; `resolver`; `no-cutoff`, the indexes that give no upload times, so that the
cut-off day does not apply to them; and `download-bytes`, the size of the wheels, if the index gives it. Then follow the
pins by name, each with the hash of the wheel that the variant installs and with the packages that require it. A pin
does not have the hashes of all platforms' files: so the lock names exactly what the image installs, even if a release
gets more files later, and it is a tenth of the size. If an extra index offers a different wheel in its place, the pin
has both hashes. A package without a wheel has the hash of its source distribution, pip's option that allows it, and the
packages that build it.
"""

from collections.abc import Sequence

from packaging.utils import canonicalize_name

from raydock.lock.artifacts import Artifact
from raydock.lock.request import LockRequest
from raydock.lock.resolver import Pins
from raydock.model import lock, sealed
from raydock.model.requirement import requirement


def compose(
    name: str, request: LockRequest, resolver: str, pins: Pins, artifacts: Sequence[Artifact], *, no_cutoff: str = ""
) -> str:
    """Write the text of a variant's lock.

    name: the variant's name.
    request: what was resolved.
    resolver: the name and version of the resolver.
    pins: what it answered.
    artifacts: the file of each pin.
    no_cutoff: the indexes to which the cut-off day does not apply.
    """
    header = {
        "variant": name,
        "inputs": request.digest,
        lock.CUTOFF: request.cutoff.isoformat(),
        "resolver": resolver,
    }
    if no_cutoff:
        header[lock.NO_CUTOFF] = no_cutoff
    sizes = [artifact.size for artifact in artifacts if artifact.size is not None]
    if len(sizes) == len(artifacts):
        header["download-bytes"] = str(sum(sizes))
    return sealed.compose(header, body(request, pins, artifacts, "matrix.yaml"))


def body(request: LockRequest, pins: Pins, artifacts: Sequence[Artifact], source: str) -> str:
    """Write the pins by name, each with its hash and with what requires it: packages, or `source`."""
    direct = {canonicalize_name(requirement(line).name) for line in request.requirements}
    return "".join(
        _pin(
            artifact,
            [*([f"-r {source}"] if artifact.project in direct else []), *sorted(set(pins[artifact.project].via))],
        )
        for artifact in sorted(artifacts, key=lambda artifact: artifact.project)
    )


def _pin(artifact: Artifact, parents: Sequence[str]) -> str:
    via = f" {parents[0]}" if len(parents) == 1 else "".join(f"\n    #   {parent}" for parent in parents)
    source = [f"--no-binary {artifact.project}\n"] if artifact.build else []
    source += [f"    # built with {line}\n" for line in artifact.build]
    hashes = "".join(f" \\\n    {option}" for option in artifact.hashes)
    return f"{artifact.project}=={artifact.version}{hashes}\n{''.join(source)}    # via{via}\n"
