"""Advise which wheels to drop from a folder, which to rename, and which to fetch."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from raydock.compat.cuda_packages import build_of, cuda_names, is_built_for, named_major
from raydock.lock.artifacts import Artifact
from raydock.model.requirement import requirement
from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.check import WheelFinding
from raydock.wheelhouse.folder import FolderWheel
from raydock.wheelhouse.needs import bounds


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """A package to fetch.

    Attributes:
        project: its name.
        versions: the allowed versions, in the form of PEP 440.
        filename: the file, if a lock names it.
        size: its size in bytes, if a lock names the file.
    """

    project: str
    versions: str
    filename: str = ""
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What fixes a folder.

    Attributes:
        drop: the reason for each file to remove, by its name.
        fetch: the packages to fetch.
        rename: the name that pip requires for each complete wheel with a name that pip ignores, by that name.
    """

    drop: dict[str, str]
    fetch: tuple[Fetch, ...]
    rename: dict[str, str]


def by_findings(analysis: Analysis, findings: Sequence[WheelFinding]) -> Advice:
    """Advice without an index.

    The versions to fetch are ranges, and what a fetched wheel requires is unknown.
    """
    reasons = _reasons(findings)
    bad = (wheel for wheel in analysis.selected.values() if wheel.filename in reasons)
    dropped = {wheel.project for wheel in bad if _is_replaceable(analysis, wheel)}
    missing = sorted((analysis.needs.keys() - analysis.available) | analysis.unusable.keys() | dropped)
    fetch = (Fetch(project=name, versions=_versions(analysis, name, reasons)) for name in missing)
    return Advice(drop=dict(sorted(reasons.items())), fetch=tuple(fetch), rename=_renames(analysis, reasons))


def by_lock(
    analysis: Analysis, findings: Sequence[WheelFinding], artifacts: Iterable[Artifact], existing: Iterable[str]
) -> Advice:
    """Advice by a lock.

    Fetch its files that are not `existing` in the folder, and drop files that it does not name.
    """
    locked = {artifact.filename: artifact for artifact in artifacts}
    kept, reasons = set(existing), _reasons(findings)
    wheels = {wheel.filename: wheel.name for wheel in analysis.folder.wheels}
    files = (*wheels, *analysis.folder.sdists, *reasons)
    why = dict.fromkeys(locked, "its content differs from the file of this name in the index") | reasons
    drop = {
        name: why.get(name, why.get(wheels.get(name, name), "the lock does not name it"))
        for name in sorted(files)
        if wheels.get(name, name) not in kept
    }
    fetch = (
        Fetch(project=artifact.project, versions=f"=={artifact.version}", filename=name, size=artifact.size)
        for name, artifact in sorted(locked.items())
        if name not in kept
    )
    return Advice(drop=drop, fetch=tuple(fetch), rename=_renames(analysis, drop))


def _is_replaceable(analysis: Analysis, wheel: FolderWheel) -> bool:
    """Whether a different version of a dropped wheel can be correct.

    It cannot if the project's name is for a different CUDA.
    """
    major = named_major(wheel.project)
    return major is None or analysis.cuda.partition(".")[0] == str(major)


def _renames(analysis: Analysis, dropped: Container[str]) -> dict[str, str]:
    """The files that stay and must be renamed."""
    return {wheel.filename: wheel.name for wheel in analysis.folder.misnamed if wheel.filename not in dropped}


def _reasons(findings: Iterable[WheelFinding]) -> dict[str, str]:
    """Why each file must be dropped, by file name.

    It is the text of the first finding against it.
    """
    reasons: dict[str, str] = {}
    for finding in findings:
        for name in finding.drop:
            reasons.setdefault(name, finding.what)
    return reasons


def _versions(analysis: Analysis, project: str, dropped: dict[str, str]) -> str:
    """The versions that the kept wheels and the known breakages allow.

    If they allow all, the version of an unusable file.
    """
    staying = [need.requirement for need in analysis.needs.get(project, ()) if need.by.filename not in dropped]
    constraints = map(requirement, analysis.constraints)
    known = [constraint for constraint in constraints if canonicalize_name(constraint.name) == project]
    if build := _build_to_fetch(analysis, project):
        return build
    allowed = bounds(requirement.specifier for requirement in (*staying, *known))
    return allowed or (f"=={analysis.unusable[project]}" if project in analysis.unusable else "")


def _build_to_fetch(analysis: Analysis, project: str) -> str:
    """The same version of a project, built for the folder's CUDA.

    Empty unless the folder has a build for a different CUDA.
    """
    wheel = analysis.selected.get(project)
    build = (build_of(wheel.release.version) or analysis.index_cuda) if wheel else ""
    if wheel is None or project not in cuda_names().with_torch or not build or is_built_for(build, analysis.cuda):
        return ""
    return f"=={wheel.version.public}+{analysis.variant.label}"
