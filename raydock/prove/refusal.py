"""What an engine says when it cannot give a container its GPUs, and what to do then."""

import re
from dataclasses import dataclass

from raydock.errors import RaydockError

_ANEW = "make the specification anew on the engine's host: `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`."


class GrantError(RaydockError):
    """The engine could not give a container its GPUs."""


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    """A pattern of the engine's words, what happened, and what to do next."""

    words: re.Pattern[str]
    what: str
    todo: str


# As moby 26 to 29, the CDI library, runc and NVIDIA's hook word them; the first that fits counts.
_REFUSALS = tuple(
    _Refusal(words=re.compile(words), what=what, todo=todo)
    for words, what, todo in (
        (
            r"unresolvable CDI devices ([^\s:]+)",
            "the engine knows no GPU {0}: no CDI specification names it.",
            f"name one that `nvidia-ctk cdi list` shows there with --gpus, or {_ANEW}",
        ),
        (
            r"failed to stat CDI host device \\?\"([^\"\\]+)",
            "the CDI specification names the device {0}, which is not there any more.",
            f"see `nvidia-smi` on the engine's host for what became of it; then {_ANEW}",
        ),
        (
            r"error mounting \\?\"([^\"\\]+)\\?\".*no such file or directory",
            "the CDI specification names the file {0}, which is not there: it is of another driver version.",
            _ANEW,
        ),
        (
            r"could not select device driver",
            "the engine does not read CDI specifications.",
            "on its host: `nvidia-ctk runtime configure --runtime=docker --cdi.enabled && systemctl restart docker`.",
        ),
        (
            r"unsatisfied condition: ([^,\"\\]+)",
            "the host's driver is too old: the image asks for {0}.",
            "update the driver, or ask `./build.py pick` for an image that runs there. It says also whether forward"
            " compatibility is an alternative: `forward-compat: true` for that host in hosts.yaml.",
        ),
        (
            r"nvidia-container-cli: ([^\n\"\\]+)",
            "NVIDIA's hook cannot give the container its GPUs: {0}.",
            "on the engine's host, see whether `nvidia-smi` answers; `nvidia-container-cli -d - info` says more.",
        ),
        (
            r"unknown or invalid runtime name: (\S+)",
            "the engine has no runtime {0}.",
            "on its host: `nvidia-ctk runtime configure --runtime=docker && systemctl restart docker`.",
        ),
    )
)


def refusal(said: str) -> GrantError | None:
    """The error that the engine's words are; None where they are not about GPUs."""
    for known in _REFUSALS:
        if match := known.words.search(said):
            meaning = f"The engine said: {said.strip().splitlines()[-1][:400]}"
            return GrantError(known.what.format(*match.groups()), meaning=meaning, todo=known.todo)
    return None
