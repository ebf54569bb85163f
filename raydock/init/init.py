"""Make a project: a folder with a matrix.yaml for a host, and what belongs to it. It needs no network and no engine."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from packaging.version import Version

from raydock import __version__
from raydock.ci.pipelines import System, render_pipeline
from raydock.core.checkout import Checkout
from raydock.core.errors import ConfigurationError
from raydock.core.files import write_whole
from raydock.core.program import shipped
from raydock.core.templating import Templates
from raydock.model import facts as facts_file
from raydock.model import matrix as matrix_file
from raydock.model.facts import Facts
from raydock.model.matrix import Matrix
from raydock.model.matrixfile import listed
from raydock.model.variant import CPU, NONE, Axis
from raydock.pipeline.project import Project
from raydock.plan import planner
from raydock.plan.output import count
from raydock.plan.planner import Plan
from raydock.plan.rules.verdict import RuleInputs
from raydock.plan.suggest import parse_needs, suggest

# The Debian releases of bases, by the Python that they have.
SUITES = {"3.11": "bookworm", "3.13": "trixie"}
SCHEMA = "matrix.schema.json"
# The values of each axis.
Values = dict[Axis, tuple[str, ...]]
# What is not allowed in the path of a repository.
_FOREIGN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class ProjectOptions:
    """What the images of a project must have and run on.

    Attributes:
        needs: parts that they must have: vllm, torch or ray.
        driver: the version of the hosts' driver; empty for any.
        gpus: the compute capabilities of the hosts' GPUs, such as 8.0.
        python: the version of Python; empty for any.
    """

    needs: tuple[str, ...] = ()
    driver: str = ""
    gpus: tuple[str, ...] = ()
    python: str = ""


@dataclass(frozen=True, kw_only=True)
class NewProject:
    """A project that was made.

    Attributes:
        checkout: its folder.
        plan: its variants.
        written: the paths of the new files in the folder.
        kept: the paths of files that were in the folder already.
    """

    checkout: Checkout
    plan: Plan
    written: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Initializer:
    """Makes projects.

    Attributes:
        options: what the images must have and run on.
        system: the CI system that gets a pipeline; None for none.
        today: the cut-off day of a new project.
    """

    options: ProjectOptions
    system: System | None = None
    today: date = field(default_factory=lambda: datetime.now(UTC).date())

    def create(self, folder: Path) -> NewProject:
        """Make a project in a folder, which is made if it does not exist. Files that exist are kept.

        matrix.yaml is written last, so that an interrupted run can be repeated.

        Raises ConfigurationError if the folder has a matrix.yaml or an option is invalid, SelectionError if no set of
        versions satisfies the options.
        """
        checkout = Checkout(folder)
        if checkout.matrix.exists():
            raise _present(checkout)
        facts = facts_file.load(shipped("lockfiles/facts.json"))
        text = self._matrix(checkout, facts)
        plan = planner.make(matrix_file.load(checkout.matrix, text), facts, self.today)
        files = self._files(checkout, plan) | {checkout.matrix: text}
        kept = [path for path in files if path.exists()]
        for path, content in files.items():
            if path not in kept:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, content)
        written = [path for path in files if path not in kept]
        return NewProject(checkout=checkout, plan=plan, written=_names(folder, written), kept=_names(folder, kept))

    def _files(self, checkout: Checkout, plan: Plan) -> dict[Path, str]:
        """The files of a project except matrix.yaml."""
        root, templates = checkout.root, _templates()
        facts, schema = shipped("lockfiles/facts.json"), shipped(f"docs/reference/{SCHEMA}")
        files = {
            checkout.facts: facts.read_text(encoding="utf-8"),
            root / SCHEMA: schema.read_text(encoding="utf-8"),
            root / ".gitignore": templates.path("project/gitignore").read_text(encoding="utf-8"),
            root / "Makefile": _rendered("Makefile.j2"),
        }
        if self.system:
            files[root / "requirements.txt"] = _rendered("requirements.txt.j2", version=__version__)
            files[self.system.path(checkout)] = render_pipeline(self.system, checkout, plan)
        return files

    def _matrix(self, checkout: Checkout, facts: Facts) -> str:
        """The text of matrix.yaml: the newest set of versions that satisfies the options.

        For the CPU it has every Python with which that Ray can exist.
        """
        newest = max((version for project, version in facts.releases if project == "ray"), key=Version)
        every: Values = {Axis.PYTHON: tuple(SUITES), Axis.CUDA: (CPU,), Axis.TORCH: (NONE,), Axis.VLLM: (NONE,)}
        draft = self._parsed(checkout, {**every, Axis.RAY: (newest,)})
        rule_inputs = RuleInputs(draft, facts)
        options = self.options
        needs = parse_needs(options.needs, options.driver, options.gpus, options.python, rule_inputs)
        best = suggest(needs, rule_inputs).found[0].variant
        axes: Values = {axis: (getattr(best, axis),) for axis in Axis if axis is not Axis.ARCH}
        if not best.gpu and not options.python:
            plan = planner.make(self._parsed(checkout, {**axes, Axis.PYTHON: tuple(SUITES)}), facts, self.today)
            axes[Axis.PYTHON] = tuple(planned.variant.python for planned in plan.variants)
        return self._text(checkout, axes)

    def _parsed(self, checkout: Checkout, axes: Values) -> Matrix:
        return matrix_file.load(checkout.matrix, self._text(checkout, axes))

    def _text(self, checkout: Checkout, axes: Values) -> str:
        name = _FOREIGN.sub("-", checkout.root.resolve().name.lower()).strip("-") or "images"
        return _rendered("matrix.yaml.j2", name=name, today=self.today, suites=SUITES, axes=axes)


def _templates() -> Templates:
    return Templates((shipped("templates"),))


def _rendered(template: str, **values: Any) -> str:
    jinja = _templates().environment("project")
    jinja.filters["values"] = listed
    return jinja.get_template(template).render(**values)


def _names(folder: Path, paths: list[Path]) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(folder).as_posix() for path in paths))


def _present(checkout: Checkout) -> ConfigurationError:
    """The error for a folder that is a project already: it says what is there."""
    plan = Project(checkout).plan
    groups = f" in the groups {', '.join(plan.group_names)}" if plan.group_names else ""
    return ConfigurationError(
        f"{checkout.matrix} exists: {count(len(plan.variants), 'variant')}{groups}. Nothing was changed.",
        todo=f"`./build.py -C {checkout.root} plan` shows them; `init FOLDER` makes a project in a different folder.",
    )
