"""The result of building and testing a variant."""

from dataclasses import dataclass
from typing import Any

from raydock.core.errors import RaydockError, first_line
from raydock.core.models import plain
from raydock.model.image import ContainerImage
from raydock.model.report import Report


@dataclass(frozen=True, kw_only=True)
class VariantResult:
    """The result of a variant: its image and report, or an error.

    Attributes:
        name: the variant's name; for an image that is not raydock's, its name on the command line.
        image: the image; None if it does not exist, or if only its report is known.
        fingerprint: the fingerprint of the image, built or not; empty if it is not known.
        built: whether it was built now; False if the image existed already.
        tested: whether it was tested now; False if the report existed already.
        seconds: how long the build took, in seconds.
        report: the report on the image.
        error: why the build or the test failed.
    """

    name: str
    image: ContainerImage | None = None
    fingerprint: str = ""
    built: bool = False
    tested: bool = False
    seconds: float = 0.0
    report: Report | None = None
    error: RaydockError | None = None

    @classmethod
    def untested(cls, name: str, image: ContainerImage) -> "VariantResult":
        """The result of a variant whose image exists and is not tested."""
        return cls(name=name, image=image, fingerprint=image.fingerprint)

    @property
    def image_id(self) -> str:
        """The engine's id of the image; empty if it does not exist."""
        if self.image:
            return self.image.id
        return self.report.image_id if self.report else ""

    @property
    def outcome(self) -> str:
        """The result as a short phrase, such as `built in 17 s`."""
        if self.error:
            return f"failed: {first_line(self.error.what, 'see below')}"
        if self.report:
            return self.report.counts if self.tested else f"{self.report.counts} before"
        return f"built in {self.seconds:.0f} s" if self.built else "is built already"

    @property
    def passed(self) -> bool:
        """Whether neither the build nor a check failed; an untested image passes."""
        return self.error is None and (self.report is None or self.report.passed)

    def document(self) -> dict[str, Any]:
        """The entry in the JSON document of `images`, `build` and `smoke` (docs/reference/json.md)."""
        checks = self.report.checks if self.report else ()
        entry = {
            "name": self.name,
            "image_id": self.image_id,
            "fingerprint": self.fingerprint,
            "size_bytes": self.image.size if self.image else 0,
            "built": self.built,
            "seconds": round(self.seconds, 3),
            "checks": [plain(check) for check in checks],
        }
        return entry | ({"error": str(self.error)} if self.error else {})
