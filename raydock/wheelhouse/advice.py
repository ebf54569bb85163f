"""What to drop from a folder of wheels and what to fetch into it."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from raydock.compat.cuda_packages import agree, build_of, cuda_names, named_major
from raydock.lock.artifacts import Artifact
from raydock.model.requirement import requirement
from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.check import WheelFinding
from raydock.wheelhouse.folder import Held
from raydock.wheelhouse.needs import bounds


@dataclass(frozen=True)
class Drop:
    """A file that must leave the folder, and why."""

    filename: str
    why: str


@dataclass(frozen=True)
class Rename:
    """A whole wheel whose file name pip passes over, and the name that it needs."""

    filename: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """A package to fetch: `versions` as PEP 440 has them; the file and its size in bytes where a lock says which."""

    project: str
    versions: str
    filename: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Advice:
    """What puts a folder right."""

    drop: tuple[Drop, ...]
    fetch: tuple[Fetch, ...]
    rename: tuple[Rename, ...] = ()


def by_findings(analysis: Analysis, findings: Sequence[WheelFinding]) -> Advice:
    """What the folder itself tells: versions to fetch are ranges, and what a fetched wheel requires is not known."""
    reasons = _reasons(findings)
    going = (wheel for wheel in analysis.kept.values() if wheel.filename in reasons)
    dropped = {wheel.project for wheel in going if _may_return(analysis, wheel)}
    missing = sorted((analysis.needs.keys() - analysis.there) | analysis.lost.keys() | dropped)
    fetch = (Fetch(project=name, versions=_versions(analysis, name, reasons)) for name in missing)
    drop = tuple(Drop(name, why) for name, why in sorted(reasons.items()))
    return Advice(drop, tuple(fetch), _renames(analysis, reasons))


def by_lock(
    analysis: Analysis, findings: Sequence[WheelFinding], artifacts: Iterable[Artifact], held: Iterable[str]
) -> Advice:
    """What a lock of the folder tells: its files that are not `held`, and the folder's files that it does not name."""
    chosen = {item.filename: item for item in artifacts}
    there, reasons = set(held), _reasons(findings)
    wheels = {wheel.filename: wheel.name for wheel in analysis.folder.wheels}
    files = (*wheels, *analysis.folder.sdists, *reasons)
    unlike = dict.fromkeys(chosen, "it has other bytes than the index's file of this name")
    why = {**unlike, **reasons}
    drop = {
        name: why.get(name, why.get(wheels.get(name, name), "the lock does not name it"))
        for name in files
        if wheels.get(name, name) not in there
    }
    fetch = (
        Fetch(project=item.project, versions=f"=={item.version}", filename=name, size=item.size)
        for name, item in sorted(chosen.items())
        if name not in there
    )
    return Advice(tuple(Drop(name, why) for name, why in sorted(drop.items())), tuple(fetch), _renames(analysis, drop))


def _may_return(analysis: Analysis, wheel: Held) -> bool:
    """Whether some version of a dropped wheel's project can be right: not of one that is named for a different CUDA."""
    major = named_major(wheel.project)
    return major is None or analysis.cuda.partition(".")[0] == str(major)


def _renames(analysis: Analysis, dropped: Container[str]) -> tuple[Rename, ...]:
    """The files that stay and must be renamed."""
    staying = (wheel for wheel in analysis.folder.misnamed if wheel.filename not in dropped)
    return tuple(Rename(wheel.filename, wheel.name) for wheel in staying)


def _reasons(findings: Iterable[WheelFinding]) -> dict[str, str]:
    """Why a file must go, for each that must: what the first finding against it says."""
    found: dict[str, str] = {}
    for finding in findings:
        for name in finding.drop:
            found.setdefault(name, finding.what)
    return found


def _versions(analysis: Analysis, project: str, dropped: dict[str, str]) -> str:
    """What the wheels that stay and the known breakages ask of a project's version, else a lost file's version."""
    staying = [need.requirement for need in analysis.needs.get(project, ()) if need.by.filename not in dropped]
    constraints = map(requirement, analysis.constraints)
    known = [constraint for constraint in constraints if canonicalize_name(constraint.name) == project]
    if build := _build_to_fetch(analysis, project):
        return build
    asked = bounds(requirement.specifier for requirement in (*staying, *known))
    return asked or (f"=={analysis.lost[project]}" if project in analysis.lost else "")


def _build_to_fetch(analysis: Analysis, project: str) -> str:
    """The same version of a project as a build for the folder's CUDA, if the folder has it for a different one."""
    wheel = analysis.kept.get(project)
    build = (build_of(wheel.release.version) or analysis.index_cuda) if wheel else ""
    if wheel is None or project not in cuda_names().with_torch or not build or agree(build, analysis.cuda):
        return ""
    return f"=={wheel.version.public}+{analysis.variant.label}"
