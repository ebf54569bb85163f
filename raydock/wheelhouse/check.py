"""Find what is wrong with a folder of wheels before it is installed.

Needs no network.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from raydock.compat.cuda_packages import build_of, build_text, cuda_names, is_built_for
from raydock.compat.wheels import cuda_pin
from raydock.core.files import sha256_of
from raydock.lock import checks
from raydock.lock.artifacts import Artifact
from raydock.model.requirement import requirement
from raydock.model.variant import CPU
from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.folder import FolderWheel
from raydock.wheelhouse.needs import Need


@dataclass(frozen=True, kw_only=True)
class WheelFinding:
    """One problem of a folder.

    Attributes:
        kind: its kind.
        what: what is wrong.
        meaning: why it matters.
        todo: what fixes it.
        files: the files concerned.
        drop: those of them to remove.
    """

    kind: str
    what: str
    meaning: str
    todo: str
    files: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


Check = Callable[[Analysis], Iterator[WheelFinding]]


def partial(analysis: Analysis) -> Iterator[WheelFinding]:
    """Incomplete downloads."""
    for name in analysis.folder.partial:
        yield WheelFinding(
            kind="partial-download",
            what=f"{name} is an incomplete download",
            meaning="pip ignores it; renamed to .whl, it would fail in the middle of an installation.",
            todo="drop it.",
            files=(name,),
            drop=(name,),
        )


def broken(analysis: Analysis) -> Iterator[WheelFinding]:
    """Files with the name of a wheel that cannot be installed."""
    for filename, reason in analysis.folder.broken.items():
        yield WheelFinding(
            kind="broken",
            what=f"{filename} {reason}",
            meaning="Installing it fails, or installs a different package than its name says.",
            todo="drop it, and fetch it again.",
            files=(filename,),
            drop=(filename,),
        )


def misnamed(analysis: Analysis) -> Iterator[WheelFinding]:
    """Complete wheels with a name that installers ignore.

    Browsers, download tools and mirrors write such names.
    """
    for wheel in analysis.folder.misnamed:
        yield WheelFinding(
            kind="misnamed",
            what=f"{wheel.filename} is a complete wheel with a name that pip ignores",
            meaning=f"pip and uv look for {wheel.name}.",
            todo=f"mv {shlex.quote(wheel.filename)} {shlex.quote(wheel.name)}",
            files=(wheel.filename,),
        )


def copies(analysis: Analysis) -> Iterator[WheelFinding]:
    """Second downloads of a wheel that the folder also has with its correct name."""
    kept = {wheel.name: wheel for wheel in analysis.folder.wheels}
    for copy in analysis.folder.copies:
        original = kept[copy.name]
        same = sha256_of(copy.path) == sha256_of(original.path)
        relation = "a copy of" if same else "a wheel with different content than"
        yield WheelFinding(
            kind="copy",
            what=f"{copy.filename} is {relation} {original.filename}",
            meaning=f"pip ignores it: only {copy.name} is a valid name.",
            todo="drop it." if same else f"drop it, or replace {original.filename} with it.",
            files=(copy.filename, original.filename),
            drop=(copy.filename,),
        )


def source_only(analysis: Analysis) -> Iterator[WheelFinding]:
    """Source distributions, which must be built on the host."""
    for name in analysis.folder.sdists:
        yield WheelFinding(
            kind="source-only",
            what=f"{name} is a source distribution",
            meaning="pip builds it on the host, with setuptools and, if it has C code, a compiler.",
            todo=f"build its wheel on a different machine, `pip wheel --no-deps {name}`, and copy that instead.",
            files=(name,),
        )


def misfits(analysis: Analysis) -> Iterator[WheelFinding]:
    """Wheels for a different Python, libc, glibc or architecture."""
    for wheel in analysis.folder.wheels:
        if not analysis.target.fits(wheel.name):
            yield WheelFinding(
                kind="other-platform",
                what=f"{wheel} is for {analysis.target.misfit(wheel)}",
                meaning="pip refuses it on this host.",
                todo=f"fetch its wheel for Python {analysis.target.python}, or set --python or --glibc.",
                files=(wheel.filename,),
                drop=(wheel.filename,),
            )


def two_versions(analysis: Analysis) -> Iterator[WheelFinding]:
    """Two versions of one package."""
    for project, wheels in analysis.installable.items():
        versions = list(dict.fromkeys(str(wheel.version) for wheel in wheels))
        if len(versions) > 1:
            selected, needs = analysis.selected[project], analysis.needs.get(project, ())
            restrictive = _join(need for need in needs if not all(need.accepts(wheel.version) for wheel in wheels))
            yield WheelFinding(
                kind="two-versions",
                what=f"{project} has {len(versions)} versions: {', '.join(versions)}",
                meaning=f"The file that is installed last wins; {restrictive or 'no wheel requires one of them'}.",
                todo=f"keep {selected.version}.",
                files=tuple(wheel.filename for wheel in wheels),
                drop=tuple(wheel.filename for wheel in wheels if wheel.version != selected.version),
            )


def refused(analysis: Analysis) -> Iterator[WheelFinding]:
    """Wheels with a version that the requirement of a different wheel refuses."""
    for project, needs in analysis.needs.items():
        wheel = analysis.selected.get(project)
        refusing = [need for need in needs if wheel and not need.accepts(wheel.version)]
        if wheel and refusing:
            yield WheelFinding(
                kind="refused",
                what=f"{wheel} is refused: {_join(refusing)}",
                meaning="pip replaces it from the index; with --no-dependencies, the import fails.",
                todo="drop it, and fetch a version that all wheels accept.",
                files=(wheel.filename, *(need.by.filename for need in refusing)),
                drop=(wheel.filename,),
            )


def known_breakages(analysis: Analysis) -> Iterator[WheelFinding]:
    """Versions that resolve with the others but fail, such as ABI breaks.

    Source: raydock/compat/data/breakages.yaml.
    """
    for breakage in analysis.breakages:
        for constraint in map(requirement, breakage.constraints):
            wheel = analysis.selected.get(canonicalize_name(constraint.name))
            if wheel and not constraint.specifier.contains(wheel.version, prereleases=True):
                others = [analysis.selected[axis] for axis in breakage.when if axis in analysis.selected]
                names = ", ".join(map(str, others)) or f"CUDA {analysis.cuda}"
                yield WheelFinding(
                    kind="known-breakage",
                    what=f"{wheel} is incompatible with {names}, which requires {constraint}",
                    meaning=f"{breakage.reason} ({breakage.source}).",
                    todo="drop it, and fetch a compatible version.",
                    files=(wheel.filename, *(other.filename for other in others)),
                    drop=(wheel.filename,),
                )


def set_rules(analysis: Analysis) -> Iterator[WheelFinding]:
    """Violations of the rules for every set of pins (raydock/lock/checks.py)."""
    wheels = [wheel for wheels in analysis.installable.values() for wheel in wheels]
    artifacts = [_artifact(wheel) for wheel in wheels]
    for rule in checks.RULES:
        for fault in rule(analysis.request, artifacts):
            positions = {wheel.filename: _position(fault, wheel) for wheel in wheels}
            files = sorted((name for name in positions if positions[name] >= 0), key=lambda name: positions[name])
            yield WheelFinding(
                kind=checks.rule_name(rule),
                what=fault,
                meaning=" ".join((rule.__doc__ or "").split()),
                todo="drop it, or what it is incompatible with.",
                files=tuple(files),
                drop=tuple(files[:1]),
            )


def index_builds(analysis: Analysis) -> Iterator[WheelFinding]:
    """Builds of the default index next to a torch that is built for a different CUDA."""
    torch, built = analysis.selected.get("torch"), analysis.index_cuda
    if torch is None or not built or built == analysis.cuda or not build_of(torch.release.version):
        return
    for project in cuda_names().with_torch:
        wheel = analysis.selected.get(project)
        if wheel and not wheel.version.local:
            yield WheelFinding(
                kind="cuda-build",
                what=(
                    f"{wheel} has no local version: it is the default index's build for CUDA {built}; "
                    f"{torch} is for {build_text(analysis.cuda)}"
                ),
                meaning="Its libraries do not load with that torch, or each loads different CUDA libraries.",
                todo=(
                    f"drop it, and fetch its build for {build_text(analysis.cuda)}; "
                    f"or use the torch for {build_text(built)}."
                ),
                files=(wheel.filename, torch.filename),
                drop=(wheel.filename,),
            )


def unlabelled_torch(analysis: Analysis) -> Iterator[WheelFinding]:
    """Builds for one CUDA or the CPU next to a torch that names no CUDA, by its version or by its requirements."""
    torch = analysis.selected.get("torch")
    if torch is None or build_of(torch.release.version) or cuda_pin(torch.release, analysis.target.point):
        return
    of_index = analysis.index_cuda
    for project in cuda_names().with_torch:
        wheel = analysis.selected.get(project)
        build = build_of(wheel.release.version) if wheel else ""
        if wheel and build and not is_built_for(build, of_index or CPU):
            of_torch = f"; the default index's torch {torch.version.public} is for CUDA {of_index}" if of_index else ""
            yield WheelFinding(
                kind="cuda-build",
                what=f"{wheel} is built for {build_text(build)}, and {torch} does not name a CUDA{of_torch}",
                meaning="If that torch is for a different CUDA, the libraries of the two do not load together.",
                todo=f"fetch torch {torch.version.public}+{wheel.version.local}; or drop {wheel}.",
                files=(wheel.filename, torch.filename),
                drop=(wheel.filename,),
            )


def missing(analysis: Analysis) -> Iterator[WheelFinding]:
    """Required packages that are missing."""
    for project, needs in analysis.needs.items():
        if project not in analysis.available:
            yield WheelFinding(
                kind="missing",
                what=f"{project} is missing: {_join(needs)}",
                meaning="Without a network, the installation fails; with --no-dependencies, the import fails.",
                todo="fetch it.",
                files=tuple(dict.fromkeys(need.by.filename for need in needs)),
            )


CHECKS: tuple[Check, ...] = (
    *(partial, broken, misnamed, copies, source_only, misfits),
    *(two_versions, refused, known_breakages, set_rules, index_builds, unlabelled_torch, missing),
)


def findings(analysis: Analysis) -> tuple[WheelFinding, ...]:
    """Run all checks; returns the findings in the order of CHECKS."""
    return tuple(finding for check in CHECKS for finding in check(analysis))


def _join(needs: Iterable[Need]) -> str:
    return ", ".join(dict.fromkeys(map(str, needs)))


def _position(fault: str, wheel: FolderWheel) -> int:
    """The position at which a fault names a wheel; -1 if it does not."""
    match = re.search(rf"(?<![\w.-]){re.escape(str(wheel))}(?![\w.-]*\w)", fault)
    return match.start() if match else -1


def _artifact(wheel: FolderWheel) -> Artifact:
    (file,) = wheel.release.wheels
    return Artifact(
        project=wheel.project,
        version=wheel.release.version,
        filename=file.filename,
        sha256="",
        size=file.size,
        requires_python=wheel.release.requires_python,
        yanked=False,
    )
