"""The paths of the files and folders in a checkout."""

from pathlib import Path

from raydock.core.program import PACKAGE


class Checkout:
    """The paths in one checkout of raydock.

    Attributes:
        root: the folder that contains matrix.yaml.
        matrix: the file matrix.yaml.
        hosts: the optional file with named Docker hosts.
        lockfiles: the folder with the locks and the facts.
        facts: the releases on the package index.
        images: the folder with the rendered Dockerfiles.
        work: the folder with logs, reports and caches. It is not committed to git.
        former_work: the work folder of raydock 0.1.
        debs: the folder with the stored Debian packages.
        trivy: trivy's cache: vulnerability databases, and the results for scanned layers.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.matrix = root / "matrix.yaml"
        self.hosts = root / "hosts.yaml"
        self.lockfiles = root / "lockfiles"
        self.facts = self.lockfiles / "facts.json"
        self.images = root / "images"
        self.work = root / ".raydock"
        self.former_work = root / "build"
        self.debs = self.work / "debs"
        self.trivy = self.work / "trivy"

    @property
    def policy(self) -> Path:
        """The scan policy: scan.yaml of the checkout, otherwise raydock's default."""
        own = self.root / "scan.yaml"
        return own if own.exists() else PACKAGE / "scan.yaml"

    @property
    def templates(self) -> Path:
        """The jinja2 templates of the checkout, otherwise of the installed raydock."""
        own = self.root / "templates"
        return own if own.is_dir() else PACKAGE / "templates"

    def lock(self, name: str) -> Path:
        return self.lockfiles / f"{name}.txt"

    def deb_lock(self, name: str) -> Path:
        """The lock of the Debian packages of a base or of a group."""
        return self.lockfiles / f"{name}.debs"

    def dockerfile(self, name: str) -> Path:
        return self.images / name / "Dockerfile"

    def log(self, name: str) -> Path:
        return self.work / "logs" / f"{name}.log"

    def report(self, name: str, kind: str = "smoke") -> Path:
        return self.work / "reports" / name / f"{kind}.json"
