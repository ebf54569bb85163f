"""What an engine says when it cannot start a container: GPUs that it cannot give, programs that the image lacks."""

import re
from dataclasses import dataclass

from raydock.core.errors import RaydockError, VariantError

_ANEW = "make the specification again on the engine's host: `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`."


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


# As runc 1.1 to 1.3 and moby 26 to 29 word what an image's own files, user or folders prevent.
_IMAGE_FAULTS = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"executable file not found|no such file or directory", "{image} has no `{program}`."),
        (r"exec: .*permission denied", "{image} has a `{program}` that may not be executed."),
        (r"exec format error", "the `{program}` of {image} is not a program for this engine's machine."),
        (r"unable to find (user|group) ([^:\s]+)", "{image} has no {0} {1}, as which it is to run."),
        (r"chdir to cwd \(\\?\"([^\"\\]+)|not a directory", "{image} has a working folder that cannot be entered."),
    )
)


def start_failure(said: str, image: str, program: str) -> VariantError | None:
    """The error for a container that the image keeps from starting; None if it is about something else.

    `said`: the engine's words; `program`: the first word of the container's command.
    """
    for pattern, what in _IMAGE_FAULTS:
        if match := pattern.search(said):
            return VariantError(
                what.format(*match.groups(), image=image, program=program),
                meaning=f"The engine answered: {said.strip().splitlines()[-1][-400:]}",
                todo="build it with `./build.py build`; for an image from elsewhere, name its Python with --python.",
            )
    return None
