"""What a folder of wheels amounts to on its target: which wheels fit, which are kept, what they require."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from raydock.compat import breakages
from raydock.compat.breakages import Breakage
from raydock.compat.wheels import cuda_pin
from raydock.lock.request import LockRequest
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.variant import NONE, Variant
from raydock.wheelhouse import folder as folders
from raydock.wheelhouse import target as targets
from raydock.wheelhouse.folder import Folder, Held
from raydock.wheelhouse.needs import Need, needs
from raydock.wheelhouse.target import Target


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """A folder, what it is for, and the day up to which breakages are known: what every check judges by.

    `facts` tell for which CUDA the default index's torch is built.
    """

    folder: Folder
    target: Target
    cutoff: date
    facts: Facts | None = None

    @cached_property
    def fitting(self) -> dict[str, tuple[Held, ...]]:
        """The wheels that can be installed, by project, each project's oldest first."""
        found: dict[str, list[Held]] = {}
        for wheel in sorted(self.folder.wheels, key=lambda wheel: (wheel.project, wheel.version, wheel.filename)):
            if self.target.fits(wheel.name):
                found.setdefault(wheel.project, []).append(wheel)
        return {project: tuple(wheels) for project, wheels in found.items()}

    @cached_property
    def there(self) -> frozenset[str]:
        """The projects of which the folder holds a wheel that fits, or a source distribution."""
        return frozenset({*self.fitting, *(parse_sdist_filename(name)[0] for name in self.folder.sdists)})

    @cached_property
    def lost(self) -> dict[str, str]:
        """The projects of which the folder holds only files that cannot be installed here, with their version."""
        misfits = (wheel.name for wheel in self.folder.wheels if not self.target.fits(wheel.name))
        partial = (f"{name.partition('.whl')[0]}.whl" for name in self.folder.partial)
        found: dict[str, str] = {}
        for name in (*misfits, *partial, *(item.filename for item in self.folder.broken)):
            try:
                project, version, _, _ = parse_wheel_filename(name)
            except InvalidWheelFilename:
                continue
            if project not in self.there:
                found[project] = str(version)
        return found

    @cached_property
    def all_needs(self) -> tuple[Need, ...]:
        """What all those wheels require."""
        return needs([wheel for wheels in self.fitting.values() for wheel in wheels], self.target.point)

    @cached_property
    def kept(self) -> dict[str, Held]:
        """One wheel a project: of several versions the newest that nothing refuses, else the newest."""
        return {project: self._best(project, wheels) for project, wheels in self.fitting.items()}

    @cached_property
    def needs(self) -> dict[str, tuple[Need, ...]]:
        """What the kept wheels require, by the project that they require."""
        found: dict[str, list[Need]] = {}
        for need in self.all_needs:
            if self.kept[need.by.project] == need.by:
                found.setdefault(need.project, []).append(need)
        return {project: tuple(items) for project, items in sorted(found.items())}

    @cached_property
    def cuda(self) -> str:
        return targets.cuda(self.kept.values(), self.target.point)

    @cached_property
    def index_cuda(self) -> str:
        """The CUDA for which the default index has this version of torch; empty if there is no torch or no fact."""
        torch = self.kept.get("torch")
        release = self.facts.get("torch", torch.version.public) if torch and self.facts else None
        pin = cuda_pin(release, self.target.point) if release else None
        return pin[0] if pin else ""

    @cached_property
    def variant(self) -> Variant:
        """The point of the matrix that the kept wheels are."""
        parts = {
            axis: self.kept[axis].release.version if axis in self.kept else NONE for axis in ("ray", "torch", "vllm")
        }
        return Variant(**parts, python=self.target.python, cuda=self.cuda, arch=self.target.arch)

    @cached_property
    def breakages(self) -> tuple[Breakage, ...]:
        return tuple(item for item in breakages.known() if item.concerns(self.variant, self.cutoff))

    @property
    def constraints(self) -> tuple[str, ...]:
        """The constraints of the known breakages that concern this set."""
        return tuple(sorted(line for item in self.breakages for line in item.constraints))

    def request(self, requirements: tuple[str, ...] = (), constraints: tuple[str, ...] = ()) -> LockRequest:
        """A resolver's question for this Python, glibc and CUDA."""
        return LockRequest(
            requirements=requirements,
            constraints=constraints,
            cutoff=self.cutoff,
            python=self.target.python,
            cuda=self.cuda,
            arch=self.target.arch,
            glibc=self.target.glibc,
            indexes=(),
        )

    def _best(self, project: str, wheels: tuple[Held, ...]) -> Held:
        wanted = [need for need in self.all_needs if need.project == project]
        accepted = [wheel for wheel in wheels if all(need.accepts(wheel.version) for need in wanted)]
        return max(accepted or wheels, key=lambda wheel: wheel.version)


def survey(path: Path, matrix: Matrix, python: str = "", glibc: str = "", facts: Facts | None = None) -> Analysis:
    """Reads a folder of wheels and finds out what it is for.

    Without `python` it is the one that the wheels' tags agree on; without `glibc` that of the matrix's base for it, or
    of the oldest base. Raises ConfigurationError where the folder holds no wheel or says nothing of a Python, and
    OutOfReachError where it cannot be read.
    """
    folder = folders.read(path)
    python, why = (python, "as asked") if python else targets.agreed(folder.wheels)
    base = matrix.base(python) or min(matrix.bases, key=lambda base: Version(base.glibc))
    target = Target(python=python, glibc=glibc or base.glibc, why=why)
    return Analysis(folder=folder, target=target, cutoff=matrix.cutoff, facts=facts)
