"""The messages of engines that cannot start a container."""

import pytest

from raydock.engine.start_failures import refusal, start_failure


@pytest.mark.parametrize(
    ("message", "what", "todo"),
    [
        (
            "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=7",
            "the engine has no GPU nvidia.com/gpu=7",
            "nvidia-ctk cdi list",
        ),
        (
            'CDI device injection failed: failed to stat CDI host device "/dev/nvidia1": no such file or directory',
            "the CDI specification names the device /dev/nvidia1, which no longer exists",
            "nvidia-ctk cdi generate",
        ),
        (
            'runc create failed: error mounting "/usr/lib/libcuda.so.535.104" to rootfs: no such file or directory',
            "names the file /usr/lib/libcuda.so.535.104, which does not exist: it is for a different driver version",
            "nvidia-ctk cdi generate",
        ),
        ('could not select device driver "cdi" with capabilities: []', "does not read CDI", "--cdi.enabled"),
        (
            "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver",
            "the host's driver is too old: the image requires cuda>=12.8",
            "update the driver",
        ),
        (
            "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
            "initialization error: nvml error: driver not loaded: unknown",
            "nvidia-smi",
        ),
        ("unknown or invalid runtime name: nvidia", "the engine has no runtime nvidia", "nvidia-ctk runtime configure"),
    ],
)
def test_a_refusal_of_the_engine_is_explained(message: str, what: str, todo: str) -> None:
    error = refusal(message)
    assert error
    assert what in error.what
    assert todo in error.todo
    assert message in error.meaning


def test_a_message_that_is_not_about_gpus_is_not_a_refusal() -> None:
    assert refusal('exec: "python3": executable file not found in $PATH') is None


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ('exec: "ray": executable file not found in $PATH: unknown', "x has no `ray`."),
        ('exec: "/opt/ray": permission denied: unknown', "x has a `ray` that is not executable."),
        ("exec /opt/ray: exec format error", "the `ray` of x is not a program for this engine's machine."),
        ("unable to find user ray: no matching entries", "x has no user ray, but is configured to run as this user."),
        ('chdir to cwd ("/work") set in config.json failed', "x has a working folder that cannot be entered."),
    ],
)
def test_a_fault_of_the_image_is_explained(message: str, what: str) -> None:
    error = start_failure(message, "x", "ray")
    assert error
    assert error.what == what
    assert message in error.meaning
    assert "./build.py build" in error.todo


def test_other_messages_are_not_explained() -> None:
    assert start_failure("the disk is full", "x", "ray") is None
