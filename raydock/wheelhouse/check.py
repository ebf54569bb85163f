"""What is wrong with a folder of wheels, said before anybody installs it. Needs no network."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from raydock.compat.cuda_packages import build_of, build_words, cuda_names
from raydock.core.files import sha256_of
from raydock.lock import checks
from raydock.lock.artifacts import Artifact
from raydock.model.requirement import requirement
from raydock.wheelhouse.analysis import Analysis
from raydock.wheelhouse.folder import Held
from raydock.wheelhouse.needs import Need


@dataclass(frozen=True, kw_only=True)
class WheelFinding:
    """One thing that is wrong: its kind, the files concerned and those of them that must go, and words for the user."""

    kind: str
    what: str
    meaning: str
    todo: str
    files: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


Check = Callable[[Analysis], Iterator[WheelFinding]]


def partial(analysis: Analysis) -> Iterator[WheelFinding]:
    """Downloads that never ended."""
    for name in analysis.folder.partial:
        yield WheelFinding(
            kind="partial-download",
            what=f"{name} is a download that never ended",
            meaning="pip passes it over; renamed to .whl it would fail halfway through an installation.",
            todo="drop it.",
            files=(name,),
            drop=(name,),
        )


def broken(analysis: Analysis) -> Iterator[WheelFinding]:
    """Files that are named as wheels and cannot be installed."""
    for item in analysis.folder.broken:
        yield WheelFinding(
            kind="broken",
            what=f"{item.filename} {item.why}",
            meaning="Installing it fails, or installs something else than its name says.",
            todo="drop it, and fetch it again.",
            files=(item.filename,),
            drop=(item.filename,),
        )


def misnamed(analysis: Analysis) -> Iterator[WheelFinding]:
    """Whole wheels under a name that installers pass over, as browsers, download tools and mirrors write them."""
    for wheel in analysis.folder.misnamed:
        yield WheelFinding(
            kind="misnamed",
            what=f"{wheel.filename} is a whole wheel under a name that pip passes over",
            meaning=f"pip and uv look for {wheel.name}.",
            todo=f"mv {shlex.quote(wheel.filename)} {shlex.quote(wheel.name)}",
            files=(wheel.filename,),
        )


def copies(analysis: Analysis) -> Iterator[WheelFinding]:
    """Second downloads of a wheel that is there under its proper name."""
    kept = {wheel.name: wheel for wheel in analysis.folder.wheels}
    for copy in analysis.folder.copies:
        original = kept[copy.name]
        same = sha256_of(copy.path) == sha256_of(original.path)
        yield WheelFinding(
            kind="copy",
            what=f"{copy.filename} is {'a copy of' if same else 'a wheel with other bytes than'} {original.filename}",
            meaning=f"pip passes it over: only {copy.name} is a name that it knows.",
            todo="drop it." if same else f"drop it, or put it in the place of {original.filename}.",
            files=(copy.filename, original.filename),
            drop=(copy.filename,),
        )


def source_only(analysis: Analysis) -> Iterator[WheelFinding]:
    """Source distributions, which the host would have to build."""
    for name in analysis.folder.sdists:
        yield WheelFinding(
            kind="source-only",
            what=f"{name} is a source distribution",
            meaning="pip builds it on the host, with setuptools and, where it holds C code, a compiler.",
            todo=f"build its wheel where that works, `pip wheel --no-deps {name}`, and carry that instead.",
            files=(name,),
        )


def misfits(analysis: Analysis) -> Iterator[WheelFinding]:
    """Wheels for another Python, libc, glibc or machine."""
    for wheel in analysis.folder.wheels:
        if not analysis.target.fits(wheel.name):
            yield WheelFinding(
                kind="other-platform",
                what=f"{wheel} is for {analysis.target.misfit(wheel)}",
                meaning="pip refuses it there.",
                todo=f"fetch its wheel for Python {analysis.target.python}, or set --python or --glibc.",
                files=(wheel.filename,),
                drop=(wheel.filename,),
            )


def two_versions(analysis: Analysis) -> Iterator[WheelFinding]:
    """Two versions of one package."""
    for project, wheels in analysis.fitting.items():
        versions = list(dict.fromkeys(str(wheel.version) for wheel in wheels))
        if len(versions) > 1:
            kept, found = analysis.kept[project], analysis.needs.get(project, ())
            choosy = _words(need for need in found if not all(need.accepts(wheel.version) for wheel in wheels))
            yield WheelFinding(
                kind="two-versions",
                what=f"{project} is there as {' and '.join(versions)}",
                meaning=f"Installed file by file, the last one wins; {choosy or 'no wheel says which it wants'}.",
                todo=f"keep {kept.version}.",
                files=tuple(wheel.filename for wheel in wheels),
                drop=tuple(wheel.filename for wheel in wheels if wheel.version != kept.version),
            )


def refused(analysis: Analysis) -> Iterator[WheelFinding]:
    """Wheels whose version another's requirement refuses."""
    for project, found in analysis.needs.items():
        wheel = analysis.kept.get(project)
        refusing = [need for need in found if wheel and not need.accepts(wheel.version)]
        if wheel and refusing:
            yield WheelFinding(
                kind="refused",
                what=f"{wheel} is refused: {_words(refusing)}",
                meaning="pip would replace it from the index, or, with --no-dependencies, let the import fail.",
                todo="drop it, and fetch a version that all accept.",
                files=(wheel.filename, *(need.by.filename for need in refusing)),
                drop=(wheel.filename,),
            )


def known_breakages(analysis: Analysis) -> Iterator[WheelFinding]:
    """Versions that resolve with the others and then fail, such as ABI traps (raydock/compat/data/breakages.yaml)."""
    for item in analysis.breakages:
        for constraint in map(requirement, item.constraints):
            wheel = analysis.kept.get(canonicalize_name(constraint.name))
            if wheel and not constraint.specifier.contains(wheel.version, prereleases=True):
                others = [analysis.kept[axis] for axis in item.when if axis in analysis.kept]
                names = ", ".join(map(str, others)) or f"CUDA {analysis.cuda}"
                yield WheelFinding(
                    kind="known-breakage",
                    what=f"{wheel} does not go with {names}, which needs {constraint}",
                    meaning=f"{item.reason} ({item.source}).",
                    todo="drop it, and fetch one that does.",
                    files=(wheel.filename, *(other.filename for other in others)),
                    drop=(wheel.filename,),
                )


def set_rules(analysis: Analysis) -> Iterator[WheelFinding]:
    """What must hold in any set of pins (raydock/lock/checks.py)."""
    wheels = [wheel for wheels in analysis.fitting.values() for wheel in wheels]
    artifacts = [_artifact(wheel) for wheel in wheels]
    for rule in checks.RULES:
        for fault in rule(analysis.request(), artifacts):
            places = {wheel.filename: _place(fault, wheel) for wheel in wheels}
            files = sorted((name for name in places if places[name] >= 0), key=lambda name: places[name])
            yield WheelFinding(
                kind=checks.name(rule),
                what=fault,
                meaning=" ".join((rule.__doc__ or "").split()),
                todo="drop it, or what it does not go with.",
                files=tuple(files),
                drop=tuple(files[:1]),
            )


def index_builds(analysis: Analysis) -> Iterator[WheelFinding]:
    """Builds of the default index next to a torch that is built for a different CUDA than that index's."""
    torch, built = analysis.kept.get("torch"), analysis.index_cuda
    if torch is None or not built or built == analysis.cuda or not build_of(torch.release.version):
        return
    for project in cuda_names().with_torch:
        wheel = analysis.kept.get(project)
        if wheel and not wheel.version.local:
            yield WheelFinding(
                kind="cuda-build",
                what=(
                    f"{wheel} names no build, so that it is the default index's, for CUDA {built}; "
                    f"{torch} is for {build_words(analysis.cuda)}"
                ),
                meaning="Its libraries do not load with that torch, or each loads different ones.",
                todo=f"drop it, and fetch its build for {build_words(analysis.cuda)}; or take {built}'s torch.",
                files=(wheel.filename, torch.filename),
                drop=(wheel.filename,),
            )


def missing(analysis: Analysis) -> Iterator[WheelFinding]:
    """Packages that a wheel requires and that are not there."""
    for project, found in analysis.needs.items():
        if project not in analysis.there:
            yield WheelFinding(
                kind="missing",
                what=f"{project} is missing: {_words(found)}",
                meaning="Without a network the installation stops here; with --no-dependencies the import fails.",
                todo="fetch it.",
                files=tuple(dict.fromkeys(need.by.filename for need in found)),
            )


CHECKS: tuple[Check, ...] = (
    *(partial, broken, misnamed, copies, source_only, misfits),
    *(two_versions, refused, known_breakages, set_rules, index_builds, missing),
)


def findings(analysis: Analysis) -> tuple[WheelFinding, ...]:
    """All that is wrong, in the order of CHECKS."""
    return tuple(finding for check in CHECKS for finding in check(analysis))


def _words(found: Iterable[Need]) -> str:
    return ", ".join(dict.fromkeys(map(str, found)))


def _place(fault: str, wheel: Held) -> int:
    """Where a fault names a wheel; -1 where it does not."""
    found = re.search(rf"(?<![\w.-]){re.escape(str(wheel))}(?![\w.-]*\w)", fault)
    return found.start() if found else -1


def _artifact(wheel: Held) -> Artifact:
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
