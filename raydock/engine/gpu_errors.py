"""The messages of an engine that cannot start a container, as errors."""

import re

from raydock.core.errors import RaydockError, VariantError

_GENERATE = "generate the specification again on its host: `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml`."


class GrantError(RaydockError):
    """The engine could not give a container its GPUs."""


# Patterns of messages of moby 26 to 29, the CDI library, runc and NVIDIA's hook; the first match counts. With each:
# what happened ({0} is the first group of the pattern), and what to do next.
_REFUSALS = (
    (
        r"unresolvable CDI devices ([^\s:]+)",
        "the engine has no GPU {0}: no CDI specification names it.",
        f"use --gpus with a name from `nvidia-ctk cdi list` on the engine's host, or {_GENERATE}",
    ),
    (
        r"failed to stat CDI host device \\?\"([^\"\\]+)",
        "the CDI specification names the device {0}, which no longer exists.",
        f"check the GPU with `nvidia-smi` on the engine's host; then {_GENERATE}",
    ),
    (
        r"error mounting \\?\"([^\"\\]+)\\?\".*no such file or directory",
        "the CDI specification names the file {0}, which does not exist: it is for a different driver version.",
        _GENERATE,
    ),
    (
        r"could not select device driver",
        "the engine does not read CDI specifications.",
        "on its host: `nvidia-ctk runtime configure --runtime=docker --cdi.enabled && systemctl restart docker`.",
    ),
    (
        r"unsatisfied condition: ([^,\"\\]+)",
        "the host's driver is too old: the image requires {0}.",
        "update the driver, or find an image that runs there with `./build.py pick`. It also reports whether"
        " forward compatibility is an alternative: `forward-compat: true` for that host in hosts.yaml.",
    ),
    (
        r"nvidia-container-cli: ([^\n\"\\]+)",
        "NVIDIA's hook cannot give the container its GPUs: {0}.",
        "on the engine's host, check that `nvidia-smi` works; `nvidia-container-cli -d - info` shows details.",
    ),
    (
        r"unknown or invalid runtime name: (\S+)",
        "the engine has no runtime {0}.",
        "on its host: `nvidia-ctk runtime configure --runtime=docker && systemctl restart docker`.",
    ),
)


def refusal(message: str) -> GrantError | None:
    """The error for an engine's message; None if the message is not about GPUs."""
    for pattern, what, todo in _REFUSALS:
        if match := re.search(pattern, message):
            meaning = f"The engine answered: {message.strip().splitlines()[-1][:400]}"
            return GrantError(what.format(*match.groups()), meaning=meaning, todo=todo)
    return None


# Messages of runc 1.1 to 1.3 and moby 26 to 29 about an image's own files, user or folders.
_IMAGE_FAULTS = (
    (r"executable file not found|no such file or directory", "{image} has no `{program}`."),
    (r"exec: .*permission denied", "{image} has a `{program}` that is not executable."),
    (r"exec format error", "the `{program}` of {image} is not a program for this engine's machine."),
    (r"unable to find (user|group) ([^:\s]+)", "{image} has no {0} {1}, but is configured to run as this {0}."),
    (r"chdir to cwd \(\\?\"([^\"\\]+)|not a directory", "{image} has a working folder that cannot be entered."),
)


def start_failure(message: str, image: str, program: str) -> VariantError | None:
    """The error for a container that cannot start because of its image.

    None for other causes.

    `message`: the engine's message; `program`: the first word of the container's command.
    """
    for pattern, what in _IMAGE_FAULTS:
        if match := re.search(pattern, message):
            return VariantError(
                what.format(*match.groups(), image=image, program=program),
                meaning=f"The engine answered: {message.strip().splitlines()[-1][-400:]}",
                todo="build it with `./build.py build`; for an image that raydock did not build, set --python.",
            )
    return None
