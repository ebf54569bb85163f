"""Make a lock for a folder of wheels.

Resolve what the folder is for, and prefer its own good wheels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from raydock.compat.cuda_packages import build_of
from raydock.core.errors import VariantError
from raydock.core.files import sha256_of
from raydock.index.client import from_environment
from raydock.index.pages import Pages
from raydock.lock import checks, lockfile
from raydock.lock.artifacts import Artifact, choose
from raydock.lock.request import LockRequest, resolvable_glibc
from raydock.lock.resolver import Pins, Resolver, Uv
from raydock.model import lock as locks
from raydock.wheelhouse.advice import Advice, by_findings, by_lock
from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.check import WheelFinding
from raydock.wheelhouse.needs import roots

_TODO = "replace the named wheel, set a different --cutoff, or remove a wheel that requires it."


@dataclass(frozen=True)
class FolderLock:
    """The lock of a folder.

    Attributes:
        text: the content of the lock file.
        cutoff: the day up to which packages count.
        advice: what makes the folder match the lock.
    """

    text: str
    cutoff: date
    advice: Advice


def lock(
    analysis: Analysis, findings: tuple[WheelFinding, ...], environment: Mapping[str, str], cutoff: date | None
) -> FolderLock:
    """Lock a folder with the package index that the environment names.

    See Relocker.lock.
    """
    with Pages(from_environment(environment)) as pages:
        return Relocker(analysis=analysis, findings=findings, resolver=Uv(pages=pages), cutoff=cutoff).lock()


@dataclass(frozen=True, kw_only=True)
class Relocker:
    """Makes the lock of a checked folder.

    Attributes:
        analysis: the folder and its target.
        findings: what is wrong with it.
        resolver: resolves with the package index.
        cutoff: the day up to which packages count; None for the day of the folder's newest wheel.
    """

    analysis: Analysis
    findings: tuple[WheelFinding, ...]
    resolver: Resolver
    cutoff: date | None = None

    def lock(self) -> FolderLock:
        """Resolve what the folder is for.

        Wheels that nothing requires are pinned to their version. Other good wheels are kept if possible. Missing
        packages get the newest version up to the cut-off day. Raises VariantError if there is no solution,
        OutOfReachError if the index fails.
        """
        self._refuse_builds()
        request = self._request()
        try:
            pins = self.resolver.resolve(request, self._versions)
            chosen = [self._choose(request, pin.name, pin.version) for pin in pins.values()]
            checks.verify(request, chosen)
        except VariantError as error:
            raise VariantError(error.what, todo=_TODO) from None
        existing = [artifact.filename for artifact in chosen if self._is_in_folder(artifact)]
        advice = by_lock(self.analysis, self.findings, chosen, existing)
        return FolderLock(self._text(request, pins, chosen), request.cutoff, advice)

    def _refuse_builds(self) -> None:
        """Refuse a build that the index lacks: a lock would name a different build.

        Raises VariantError with the build.
        """
        for wheel in self.analysis.selected.values():
            version = wheel.release.version
            if build_of(version) and version not in {file.version for file in self.resolver.pages.files(wheel.project)}:
                raise VariantError(
                    f"{wheel} is a build that the package index does not have, so it cannot be locked.",
                    todo=f"add `indexes: {{{self.analysis.variant.label}: ADDRESS}}` and a variant with these versions"
                    " to matrix.yaml, and run `./build.py lock`; or use the builds of the package index.",
                )

    @property
    def _versions(self) -> dict[str, str]:
        """The versions in the folder, without wheels to drop.

        Damaged files count.
        """
        dropped = {name for finding in self.findings for name in finding.drop}
        good = (wheel for wheel in self.analysis.selected.values() if wheel.filename not in dropped)
        return {**self.analysis.unusable, **{wheel.project: wheel.release.version for wheel in good}}

    def _goals(self) -> tuple[str, ...]:
        """The projects that nothing in the folder requires.

        Each has the version in the folder.
        """
        wheels = [wheel for wheels in self.analysis.installable.values() for wheel in wheels]
        unusable = self.analysis.unusable.keys() - {need.project for need in self.analysis.all_needs}
        names = sorted({*roots(wheels, self.analysis.all_needs), *unusable})
        return tuple(f"{name}=={self._versions[name]}" if name in self._versions else name for name in names)

    def _request(self) -> LockRequest:
        analysis = self.analysis
        fetched = [fetch.project for fetch in by_findings(analysis, self.findings).fetch]
        projects = sorted({*analysis.selected, *fetched})
        self.resolver.pages.prefetch(projects)
        return replace(
            analysis.request,
            requirements=self._goals(),
            constraints=analysis.constraints,
            cutoff=self.cutoff or self._newest() or analysis.cutoff,
            glibc=resolvable_glibc(analysis.target.glibc, "The target host"),
            sources=tuple(
                name
                for name in projects
                if {file.package_type for file in self.resolver.pages.files(name)} == {"sdist"}
            ),
        )

    def _newest(self) -> date | None:
        """The day on which the folder's newest wheel appeared in the index.

        Returns None if the index has none of them.
        """
        wheels = self.analysis.selected.values()
        names = {wheel.name for wheel in wheels}
        files = (file for wheel in wheels for file in self.resolver.pages.files(wheel.project))
        days = (file.upload_time.date() for file in files if file.filename in names and file.upload_time)
        return max(days, default=None)

    def _choose(self, request: LockRequest, project: str, version: str) -> Artifact:
        """Choose the folder's wheel if the index has it too or has no wheel.

        Else the best of the index.
        """
        wheel, files = self.analysis.selected.get(project), self.resolver.pages.release(project, version)
        if wheel is None or wheel.release.version != version:
            return choose(request, project, version, files)
        own = [file for file in files if file.filename == wheel.name]
        artifact = choose(request, project, version, own or files)
        if project not in request.sources:
            return artifact
        size = wheel.release.wheels[0].size
        return replace(artifact, filename=wheel.name, sha256=sha256_of(wheel.path), size=size)

    def _is_in_folder(self, artifact: Artifact) -> bool:
        paths = [wheel.path for wheel in self.analysis.folder.wheels if wheel.name == artifact.filename]
        paths += [path] if (path := self.analysis.folder.path / artifact.filename).is_file() else []
        return any(sha256_of(path) == artifact.sha256 for path in paths)

    def _text(self, request: LockRequest, pins: Pins, chosen: list[Artifact]) -> str:
        header = {
            "python": request.python,
            "glibc": request.glibc,
            "cutoff": request.cutoff.isoformat(),
            "resolver": self.resolver.label,
        }
        if no_cutoff := self.resolver.pages.without_cutoff(pins):
            header[locks.NO_CUTOFF] = no_cutoff
        head = "".join(f"# {key}: {value}\n" for key, value in header.items())
        name = self.analysis.folder.path.resolve().name
        return (
            f"# Made by `./build.py wheelhouse check` from the folder {name}.\n{head}\n"
            f"{lockfile.body(request, pins, chosen, name)}"
        )
