"""The paths of the files and folders in a checkout."""

from dataclasses import dataclass
from pathlib import Path

from raydock.core.program import shipped
from raydock.core.templating import Templates


@dataclass(frozen=True)
class Checkout:
    """The paths in one checkout of raydock.

    Attributes:
        root: the folder that contains matrix.yaml.
    """

    root: Path

    @property
    def matrix(self) -> Path:
        return self.root / "matrix.yaml"

    @property
    def policy(self) -> Path:
        """The scan policy: scan.yaml of the checkout, otherwise raydock's default."""
        own = self.root / "scan.yaml"
        return own if own.exists() else shipped("scan.yaml")

    @property
    def hosts(self) -> Path:
        """The optional file with named Docker hosts."""
        return self.root / "hosts.yaml"

    @property
    def facts(self) -> Path:
        return self.lockfiles / "facts.json"

    @property
    def tested(self) -> Path:
        """The sets of versions that were tested here."""
        return self.lockfiles / "tested-sets.yaml"

    @property
    def lockfiles(self) -> Path:
        return self.root / "lockfiles"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def templates(self) -> Templates:
        """The jinja2 templates: the checkout's own files, and for others those that come with raydock."""
        return Templates(tuple(dict.fromkeys((self.root / "templates", shipped("templates")))))

    @property
    def work(self) -> Path:
        """The folder with logs, reports and caches. It is not committed to git."""
        return self.root / ".raydock"

    @property
    def former_work(self) -> Path:
        """The work folder of raydock 0.1."""
        return self.root / "build"

    def lock(self, name: str) -> Path:
        return self.lockfiles / f"{name}.txt"

    def deb_lock(self, name: str) -> Path:
        """The lock of the Debian packages of a base or of a group."""
        return self.lockfiles / f"{name}.debs"

    @property
    def debs(self) -> Path:
        """The folder with the stored Debian packages."""
        return self.work / "debs"

    def dockerfile(self, name: str) -> Path:
        return self.images / name / "Dockerfile"

    def log(self, name: str) -> Path:
        return self.work / "logs" / f"{name}.log"

    @property
    def trivy(self) -> Path:
        """trivy's cache: vulnerability databases, and the results for scanned layers."""
        return self.work / "trivy"

    def report(self, name: str, kind: str = "smoke") -> Path:
        return self.work / "reports" / name / f"{kind}.json"
