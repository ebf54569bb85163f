"""Images for a different architecture, by the answers of engines."""

from typing import Any

import pytest

from raydock.core.errors import ExitCode, VariantError
from raydock.engine.architecture import platform, require_native


class Engine:
    """An engine with this answer to `version`."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def version(self) -> dict[str, Any]:
        return self.answer


AMD64 = {"Os": "linux", "Arch": "amd64"}
ARM64 = {"Os": "linux", "Arch": "arm64"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"Os": "linux", "Architecture": "amd64"}, "linux/amd64"),
        ({"Os": "linux", "Architecture": "arm64", "Variant": "v8"}, "linux/arm64/v8"),
        ({"Os": "linux", "Architecture": "arm", "Variant": "v7"}, "linux/arm/v7"),
        ({"Os": "linux", "Architecture": "x86_64"}, "linux/amd64"),
        ({"Os": "", "Architecture": "aarch64"}, "linux/arm64"),
        ({"Os": "windows", "Architecture": "amd64"}, "windows/amd64"),
        ({"Architecture": None, "Variant": None}, "linux"),
        ({}, "linux"),
    ],
)
def test_the_platform_of_an_image(document: dict[str, Any], expected: str) -> None:
    assert platform(document) == expected


@pytest.mark.parametrize(
    ("engine", "image_platform"),
    [
        (AMD64, "linux/amd64"),
        (AMD64, "linux/amd64/v3"),
        (ARM64, "linux/arm64"),
        (ARM64, "linux/arm64/v8"),
        ({"Os": "linux", "Arch": "aarch64"}, "linux/arm64/v8"),
        ({"Arch": "x86_64"}, "linux/amd64"),
        (AMD64, "linux"),
        (AMD64, "linux/unknown"),
        ({}, "linux/arm64"),
    ],
)
def test_an_image_for_the_engines_architecture_passes(engine: dict[str, Any], image_platform: str) -> None:
    require_native(Engine(engine), "ours:1", image_platform)


@pytest.mark.parametrize(
    ("engine", "image_platform", "own"),
    [
        (AMD64, "linux/arm64/v8", "linux/amd64"),
        (AMD64, "linux/arm/v7", "linux/amd64"),
        (AMD64, "linux/386", "linux/amd64"),
        (AMD64, "linux/ppc64le", "linux/amd64"),
        (AMD64, "windows/amd64", "linux/amd64"),
        (ARM64, "linux/amd64", "linux/arm64"),
        (ARM64, "linux/arm/v7", "linux/arm64"),
        ({"Os": "linux", "Arch": "aarch64"}, "linux/amd64", "linux/arm64"),
    ],
)
def test_an_image_for_a_different_architecture_is_refused(
    engine: dict[str, Any], image_platform: str, own: str
) -> None:
    with pytest.raises(VariantError) as caught:
        require_native(Engine(engine), "ours:1", image_platform)
    error = caught.value
    assert error.what == f"ours:1 is for another architecture: it is for {image_platform}, and the engine runs {own}."
    assert f"docker pull --platform {own} IMAGE" in error.todo
    assert error.exit_code == ExitCode.VARIANT_FAILED
