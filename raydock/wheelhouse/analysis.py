"""Analyze a folder of wheels for its target.

Which wheels can be installed, which are selected, and what they require.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from operator import attrgetter
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
from raydock.wheelhouse.folder import Folder, FolderWheel
from raydock.wheelhouse.needs import Need, needs
from raydock.wheelhouse.target import ARCH, Target


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """The input of every check.

    Attributes:
        folder: the files of the folder.
        target: the Python, glibc and architecture that it is for.
        cutoff: the day up to which known breakages count.
        facts: the releases in the default index, for the CUDA of its torch.
    """

    folder: Folder
    target: Target
    cutoff: date
    facts: Facts | None = None

    @cached_property
    def installable(self) -> dict[str, tuple[FolderWheel, ...]]:
        """The wheels that can be installed, by project, the oldest version first."""
        fitting = (wheel for wheel in self.folder.wheels if self.target.fits(wheel.name))
        ordered = sorted(fitting, key=attrgetter("project", "version", "filename"))
        return {project: tuple(wheels) for project, wheels in groupby(ordered, attrgetter("project"))}

    @cached_property
    def available(self) -> frozenset[str]:
        """The projects with an installable wheel or a source distribution in the folder."""
        return frozenset({*self.installable, *(parse_sdist_filename(name)[0] for name in self.folder.sdists)})

    @cached_property
    def unusable(self) -> dict[str, str]:
        """The version of each project that cannot be installed on the target.

        The folder has files of these projects, but none that can be installed.
        """
        misfits = (wheel.name for wheel in self.folder.wheels if not self.target.fits(wheel.name))
        partial = (f"{name.partition('.whl')[0]}.whl" for name in self.folder.partial)
        versions: dict[str, str] = {}
        for name in (*misfits, *partial, *self.folder.broken):
            try:
                project, version, _, _ = parse_wheel_filename(name)
            except InvalidWheelFilename:
                continue
            if project not in self.available:
                versions[project] = str(version)
        return versions

    @cached_property
    def all_needs(self) -> tuple[Need, ...]:
        """The requirements of all installable wheels."""
        return needs([wheel for wheels in self.installable.values() for wheel in wheels], self.target.point)

    @cached_property
    def selected(self) -> dict[str, FolderWheel]:
        """One wheel of each project.

        The newest version that all requirements accept, else the newest.
        """
        return {project: self._select(project, wheels) for project, wheels in self.installable.items()}

    @cached_property
    def needs(self) -> dict[str, tuple[Need, ...]]:
        """The requirements of the selected wheels, by required project."""
        of_selected = (need for need in self.all_needs if self.selected[need.by.project] == need.by)
        ordered = sorted(of_selected, key=attrgetter("project"))
        return {project: tuple(group) for project, group in groupby(ordered, attrgetter("project"))}

    @cached_property
    def cuda(self) -> str:
        return targets.cuda(self.selected.values(), self.target.point)

    @cached_property
    def index_cuda(self) -> str:
        """The CUDA of this torch version in the default index.

        It is empty if there is no torch or the version is unknown.
        """
        torch = self.selected.get("torch")
        release = self.facts.get("torch", torch.version.public) if torch and self.facts else None
        pin = cuda_pin(release, self.target.point) if release else None
        return pin[0] if pin else ""

    @cached_property
    def variant(self) -> Variant:
        """The selected wheels as a variant."""
        parts = {
            axis: self.selected[axis].release.version if axis in self.selected else NONE
            for axis in ("ray", "torch", "vllm")
        }
        return Variant(**parts, python=self.target.python, cuda=self.cuda, arch=ARCH)

    @cached_property
    def breakages(self) -> tuple[Breakage, ...]:
        return tuple(breakage for breakage in breakages.known() if breakage.concerns(self.variant, self.cutoff))

    @property
    def constraints(self) -> tuple[str, ...]:
        """The constraints of the known breakages of this set."""
        return tuple(sorted(line for breakage in self.breakages for line in breakage.constraints))

    @property
    def request(self) -> LockRequest:
        """A request to the resolver for this Python, glibc and CUDA, without requirements."""
        return LockRequest(
            requirements=(),
            constraints=(),
            cutoff=self.cutoff,
            python=self.target.python,
            cuda=self.cuda,
            arch=ARCH,
            glibc=self.target.glibc,
            indexes=(),
        )

    def _select(self, project: str, wheels: tuple[FolderWheel, ...]) -> FolderWheel:
        relevant = [need for need in self.all_needs if need.project == project]
        accepted = [wheel for wheel in wheels if all(need.accepts(wheel.version) for need in relevant)]
        return max(accepted or wheels, key=lambda wheel: wheel.version)


def analyze_folder(
    path: Path, matrix: Matrix, python: str = "", glibc: str = "", facts: Facts | None = None
) -> Analysis:
    """Read a folder of wheels and find its target.

    The default of `python` is the version that most wheels are for; that of `glibc` is the glibc of the matrix's base
    for this Python, or of the oldest base. Raises ConfigurationError if the folder has no wheel or no wheel names a
    Python, OutOfReachError if it cannot be read.
    """
    folder = folders.read(path)
    python, source = (python, "as requested") if python else targets.agreed(folder.wheels)
    base = matrix.base(python) or min(matrix.bases, key=lambda base: Version(base.glibc))
    target = Target(python=python, glibc=glibc or base.glibc, python_source=source)
    return Analysis(folder=folder, target=target, cutoff=matrix.cutoff, facts=facts)
