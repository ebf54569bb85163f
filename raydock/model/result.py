"""What became of one variant: built, found or brought, and tested."""

from dataclasses import dataclass
from typing import Any

from raydock.core.errors import RaydockError
from raydock.core.models import plain
from raydock.model.image import ContainerImage
from raydock.model.report import Report


@dataclass(frozen=True, kw_only=True)
class VariantResult:
    """What became of one variant: its image and report, or the error that ended it.

    Attributes:
        name: the variant's name; of an image of other people, what the user calls it.
        image: the image; None if there is none, or if only its report is known.
        fingerprint: what decides the image, built or not; empty if that is not known.
        built: False if the image existed already.
        proved: False if the report existed already.
        seconds: the time that the build took.
        report: the answers of the image.
        error: what ended the build or the test.
    """

    name: str
    image: ContainerImage | None = None
    fingerprint: str = ""
    built: bool = False
    proved: bool = False
    seconds: float = 0.0
    report: Report | None = None
    error: RaydockError | None = None

    @classmethod
    def of(cls, name: str, image: ContainerImage) -> "VariantResult":
        """A variant whose image exists and is not tested."""
        return cls(name=name, image=image, fingerprint=image.fingerprint)

    @property
    def image_id(self) -> str:
        """The engine's id of the image; empty if there is none."""
        if self.image:
            return self.image.id
        return self.report.image_id if self.report else ""

    @property
    def passed(self) -> bool:
        """Whether nothing failed; an image that is not tested has not failed."""
        return self.error is None and (self.report is None or self.report.passed)

    def document(self) -> dict[str, Any]:
        """Its entry in the JSON document of `images`, `build` and `smoke` (docs/reference/json.md)."""
        checks = self.report.checks if self.report else ()
        entry = {
            "name": self.name,
            "image_id": self.image_id,
            "fingerprint": self.fingerprint,
            "built": self.built,
            "seconds": round(self.seconds, 3),
            "checks": [plain(check) for check in checks],
        }
        return entry | ({"error": str(self.error)} if self.error else {})
