"""Find what is wrong with a folder of wheels before it is installed.

Needs no network. The texts about the problems are in problems.yaml.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from raydock.compat.cuda_packages import build_of, build_text, cuda_names, is_built_for
from raydock.compat.wheels import cuda_pin
from raydock.core.files import sha256_of
from raydock.core.yamlfile import shipped
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


def problem(name: str, files: Iterable[str], drop: Iterable[str] = (), **values: object) -> WheelFinding:
    """A finding with the texts of an entry of problems.yaml.

    values: the values of the names in {} in these texts.
    """
    texts = shipped("wheelhouse/problems.yaml", dict[str, dict[str, str]])[name]
    filled = {key: text.format(**values) for key, text in texts.items()}
    return WheelFinding(**filled, files=tuple(files), drop=tuple(drop))


def partial(analysis: Analysis) -> Iterator[WheelFinding]:
    """Incomplete downloads."""
    for file in analysis.folder.partial:
        yield problem("partial", [file], drop=[file], file=file)


def broken(analysis: Analysis) -> Iterator[WheelFinding]:
    """Files with the name of a wheel that cannot be installed."""
    for file, reason in analysis.folder.broken.items():
        yield problem("broken", [file], drop=[file], file=file, reason=reason)


def misnamed(analysis: Analysis) -> Iterator[WheelFinding]:
    """Complete wheels with a name that installers ignore.

    Browsers, download tools and mirrors write such names.
    """
    for wheel in analysis.folder.misnamed:
        rename = shlex.join(["mv", wheel.filename, wheel.name])
        yield problem("misnamed", [wheel.filename], wheel=wheel, rename=rename)


def copies(analysis: Analysis) -> Iterator[WheelFinding]:
    """Second downloads of a wheel that the folder also has with its correct name."""
    kept = {wheel.name: wheel for wheel in analysis.folder.wheels}
    for copy in analysis.folder.copies:
        original = kept[copy.name]
        same = sha256_of(copy.path) == sha256_of(original.path)
        name = "copies" if same else "copies-with-different-content"
        yield problem(name, [copy.filename, original.filename], drop=[copy.filename], copy=copy, original=original)


def source_only(analysis: Analysis) -> Iterator[WheelFinding]:
    """Source distributions, which must be built on the host."""
    for file in analysis.folder.sdists:
        yield problem("source-only", [file], file=file)


def misfits(analysis: Analysis) -> Iterator[WheelFinding]:
    """Wheels for a different Python, libc, glibc or architecture."""
    target = analysis.target
    for wheel in analysis.folder.wheels:
        if not target.fits(wheel.name):
            files, platform = [wheel.filename], target.misfit(wheel)
            yield problem("misfits", files, drop=files, wheel=wheel, platform=platform, python=target.python)


def two_versions(analysis: Analysis) -> Iterator[WheelFinding]:
    """Two versions of one package."""
    for project, wheels in analysis.installable.items():
        versions = list(dict.fromkeys(str(wheel.version) for wheel in wheels))
        if len(versions) > 1:
            kept, needs = analysis.selected[project], analysis.needs.get(project, ())
            restrictive = _join(need for need in needs if not all(need.accepts(wheel.version) for wheel in wheels))
            yield problem(
                "two-versions",
                files=[wheel.filename for wheel in wheels],
                drop=[wheel.filename for wheel in wheels if wheel.version != kept.version],
                project=project,
                count=len(versions),
                versions=", ".join(versions),
                restrictive=restrictive or "no wheel requires one of them",
                kept=kept,
            )


def refused(analysis: Analysis) -> Iterator[WheelFinding]:
    """Wheels with a version that the requirement of a different wheel refuses."""
    for project, needs in analysis.needs.items():
        wheel = analysis.selected.get(project)
        refusing = [need for need in needs if wheel and not need.accepts(wheel.version)]
        if wheel and refusing:
            files = [wheel.filename, *(need.by.filename for need in refusing)]
            yield problem("refused", files, drop=files[:1], wheel=wheel, refusing=_join(refusing))


def known_breakages(analysis: Analysis) -> Iterator[WheelFinding]:
    """Versions that resolve with the others but fail, such as ABI breaks.

    Source: raydock/compat/data/breakages.yaml.
    """
    for breakage in analysis.breakages:
        for constraint in map(requirement, breakage.constraints):
            wheel = analysis.selected.get(canonicalize_name(constraint.name))
            if wheel and not constraint.specifier.contains(wheel.version, prereleases=True):
                others = [analysis.selected[axis] for axis in breakage.when if axis in analysis.selected]
                yield problem(
                    "known-breakages",
                    files=[wheel.filename, *(other.filename for other in others)],
                    drop=[wheel.filename],
                    wheel=wheel,
                    others=", ".join(map(str, others)) or f"CUDA {analysis.cuda}",
                    constraint=constraint,
                    breakage=breakage,
                )


def set_rules(analysis: Analysis) -> Iterator[WheelFinding]:
    """Violations of the rules for every set of pins (raydock/lock/checks.py)."""
    wheels = [wheel for wheels in analysis.installable.values() for wheel in wheels]
    artifacts = [_artifact(wheel) for wheel in wheels]
    for rule in checks.RULES:
        kind, reason = checks.rule_name(rule), " ".join((rule.__doc__ or "").split())
        for fault in rule(analysis.request, artifacts):
            positions = {wheel.filename: _position(fault, wheel) for wheel in wheels}
            files = sorted((name for name in positions if positions[name] >= 0), key=lambda name: positions[name])
            yield problem("set-rules", files, drop=files[:1], rule=kind, fault=fault, reason=reason)


def index_builds(analysis: Analysis) -> Iterator[WheelFinding]:
    """Builds of the default index next to a torch that is built for a different CUDA."""
    torch, built = analysis.selected.get("torch"), analysis.index_cuda
    if torch is None or not built or built == analysis.cuda or not build_of(torch.release.version):
        return
    build = build_text(analysis.cuda)
    for project in cuda_names().with_torch:
        wheel = analysis.selected.get(project)
        if wheel and not wheel.version.local:
            files = [wheel.filename, torch.filename]
            yield problem("index-builds", files, drop=files[:1], wheel=wheel, torch=torch, built=built, build=build)


def unlabelled_torch(analysis: Analysis) -> Iterator[WheelFinding]:
    """Builds for one CUDA or the CPU next to a torch that names no CUDA, by its version or by its requirements."""
    torch = analysis.selected.get("torch")
    if torch is None or build_of(torch.release.version) or cuda_pin(torch.release, analysis.target.point):
        return
    cuda = analysis.index_cuda
    of_index = f"; the default index's torch {torch.version.public} is for CUDA {cuda}" if cuda else ""
    for project in cuda_names().with_torch:
        wheel = analysis.selected.get(project)
        build = build_of(wheel.release.version) if wheel else ""
        if wheel and build and not is_built_for(build, cuda or CPU):
            files, built = [wheel.filename, torch.filename], build_text(build)
            yield problem(
                "unlabelled-torch", files, drop=files[:1], wheel=wheel, torch=torch, build=built, of_index=of_index
            )


def missing(analysis: Analysis) -> Iterator[WheelFinding]:
    """Required packages that are missing."""
    for project, needs in analysis.needs.items():
        if project not in analysis.available:
            files = dict.fromkeys(need.by.filename for need in needs)
            yield problem("missing", files, project=project, needs=_join(needs))


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
