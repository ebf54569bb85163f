"""The right lock for a folder of wheels: what it was gathered for, resolved again, its own good wheels preferred."""

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

_TODO = "replace the wheel that these words name, give another --cutoff, or ask for less."


@dataclass(frozen=True)
class Locked:
    """A lock's text, the day up to which packages were looked for, and what makes the folder hold just its files."""

    text: str
    cutoff: date
    advice: Advice


def lock(
    analysis: Analysis, findings: tuple[WheelFinding, ...], environment: Mapping[str, str], cutoff: date | None
) -> Locked:
    """Locks a folder by the package index that the environment names; see Relocker.lock."""
    with Pages(from_environment(environment)) as pages:
        return Relocker(analysis=analysis, findings=findings, resolver=Uv(pages=pages), cutoff=cutoff).lock()


@dataclass(frozen=True, kw_only=True)
class Relocker:
    """Makes the lock of a folder that was checked. Without `cutoff` it is the day of the folder's newest wheel."""

    analysis: Analysis
    findings: tuple[WheelFinding, ...]
    resolver: Resolver
    cutoff: date | None = None

    def lock(self) -> Locked:
        """Resolves what the folder is for.

        The wheels that nothing requires are pinned at their version, the other good ones are kept wherever the rest
        allows it, and what is missing is the newest of the cut-off day. Raises VariantError where there is no answer,
        OutOfReachError where the index fails.
        """
        self._refuse_builds()
        asked = self._request()
        try:
            pins = self.resolver.resolve(asked, self._versions)
            chosen = [self._choose(asked, pin.name, pin.version) for pin in pins.values()]
            checks.hold(asked, chosen)
        except VariantError as error:
            raise VariantError(error.what, todo=_TODO) from None
        held = [item.filename for item in chosen if self._is_held(item)]
        advice = by_lock(self.analysis, self.findings, chosen, held)
        return Locked(self._text(asked, pins, chosen), asked.cutoff, advice)

    def _refuse_builds(self) -> None:
        """Raises VariantError for a build that the index does not have: a lock would name a different one."""
        for wheel in self.analysis.kept.values():
            version = wheel.release.version
            if build_of(version) and version not in {file.version for file in self.resolver.pages.files(wheel.project)}:
                raise VariantError(
                    f"{wheel} is a build that the package index does not have, so that no lock by it can name it.",
                    todo=f"write `indexes: {{{self.analysis.variant.label}: ADDRESS}}` and these versions as a point"
                    " into matrix.yaml, and run `./build.py lock`; or gather the index's own builds.",
                )

    @property
    def _versions(self) -> dict[str, str]:
        """The folder's versions, but for those of wheels that must go; also of files that were only damaged."""
        dropped = {name for finding in self.findings for name in finding.drop}
        good = (wheel for wheel in self.analysis.kept.values() if wheel.filename not in dropped)
        return {**self.analysis.lost, **{wheel.project: wheel.release.version for wheel in good}}

    def _goals(self) -> tuple[str, ...]:
        """What nothing in the folder requires, at the folder's version."""
        wheels = [wheel for wheels in self.analysis.fitting.values() for wheel in wheels]
        lost = self.analysis.lost.keys() - {need.project for need in self.analysis.all_needs}
        names = sorted({*roots(wheels, self.analysis.all_needs), *lost})
        return tuple(f"{name}=={self._versions[name]}" if name in self._versions else name for name in names)

    def _request(self) -> LockRequest:
        analysis = self.analysis
        fetched = [item.project for item in by_findings(analysis, self.findings).fetch]
        projects = sorted({*analysis.kept, *fetched})
        self.resolver.pages.prefetch(projects)
        asked = analysis.request(requirements=self._goals(), constraints=analysis.constraints)
        return replace(
            asked,
            cutoff=self.cutoff or self._newest() or analysis.cutoff,
            glibc=resolvable_glibc(analysis.target.glibc, "The host that is meant"),
            sources=tuple(
                name
                for name in projects
                if {file.package_type for file in self.resolver.pages.files(name)} == {"sdist"}
            ),
        )

    def _newest(self) -> date | None:
        """The day on which the newest wheel of the folder appeared in the index; None where it has none of them."""
        wheels = self.analysis.kept.values()
        names = {wheel.name for wheel in wheels}
        files = (file for wheel in wheels for file in self.resolver.pages.files(wheel.project))
        days = (file.upload_time.date() for file in files if file.filename in names and file.upload_time)
        return max(days, default=None)

    def _choose(self, asked: LockRequest, project: str, version: str) -> Artifact:
        """The folder's own wheel where the index has it too, or has no wheel at all; else the index's best."""
        held, files = self.analysis.kept.get(project), self.resolver.pages.files(project)
        if held is None or held.release.version != version:
            return choose(asked, project, version, files)
        if project in asked.sources:
            size = held.release.wheels[0].size
            found = choose(asked, project, version, files)
            return replace(found, filename=held.name, sha256=sha256_of(held.path), size=size)
        own = [file for file in files if file.filename == held.name]
        return choose(asked, project, version, own or files)

    def _is_held(self, item: Artifact) -> bool:
        paths = [wheel.path for wheel in self.analysis.folder.wheels if wheel.name == item.filename]
        paths += [path] if (path := self.analysis.folder.path / item.filename).is_file() else []
        return any(sha256_of(path) == item.sha256 for path in paths)

    def _text(self, asked: LockRequest, pins: Pins, chosen: list[Artifact]) -> str:
        header = {
            "python": asked.python,
            "glibc": asked.glibc,
            "cutoff": asked.cutoff.isoformat(),
            "resolver": self.resolver.label,
        }
        if no_cutoff := self.resolver.pages.without_cutoff(pins):
            header[locks.NO_CUTOFF] = no_cutoff
        head = "".join(f"# {key}: {value}\n" for key, value in header.items())
        name = self.analysis.folder.path.resolve().name
        return (
            f"# Made by `./build.py wheelhouse check` from the folder {name}.\n{head}\n"
            f"{lockfile.body(asked, pins, chosen, name)}"
        )
