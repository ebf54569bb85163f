"""Where things are in a checkout."""

from dataclasses import dataclass
from pathlib import Path

from raydock.core.program import PACKAGE


@dataclass(frozen=True)
class Checkout:
    """The folders of one checkout of raydock."""

    root: Path

    @property
    def matrix(self) -> Path:
        return self.root / "matrix.yaml"

    @property
    def policy(self) -> Path:
        """The scan policy: the checkout's, or raydock's default."""
        own = self.root / "scan.yaml"
        return own if own.exists() else PACKAGE / "scan.yaml"

    @property
    def hosts(self) -> Path:
        """The Docker hosts that people here call by name; none need be."""
        return self.root / "hosts.yaml"

    @property
    def facts(self) -> Path:
        return self.lockfiles / "facts.json"

    @property
    def lockfiles(self) -> Path:
        return self.root / "lockfiles"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def templates(self) -> Path:
        """The jinja2 templates: the checkout's, or those of the installed raydock."""
        own = self.root / "templates"
        return own if own.is_dir() else PACKAGE / "templates"

    @property
    def work(self) -> Path:
        """What runs leave behind, none of it in git: logs, reports, caches."""
        return self.root / ".raydock"

    @property
    def former_work(self) -> Path:
        """The work folder of raydock 0.1."""
        return self.root / "build"

    def lock(self, name: str) -> Path:
        return self.lockfiles / f"{name}.txt"

    def deb_lock(self, name: str) -> Path:
        """The lock of a base's Debian packages, or of those that a group adds to it."""
        return self.lockfiles / f"{name}.debs"

    @property
    def debs(self) -> Path:
        """The Debian packages that are kept."""
        return self.work / "debs"

    def dockerfile(self, name: str) -> Path:
        return self.images / name / "Dockerfile"

    def log(self, name: str) -> Path:
        return self.work / "logs" / f"{name}.log"

    @property
    def trivy(self) -> Path:
        """What trivy keeps: vulnerability databases, and what it found in layers."""
        return self.work / "trivy"

    def report(self, name: str, kind: str = "smoke") -> Path:
        return self.work / "reports" / name / f"{kind}.json"
