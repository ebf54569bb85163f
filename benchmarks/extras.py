"""What each of Ray's extras brings over plain Ray, and which images can have it: writes docs/reference/extras.md."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from remotezip import RemoteZip

from benchmarks.bench import ROOT
from benchmarks.report import row
from raydock.core.checkout import Checkout
from raydock.core.errors import VariantError
from raydock.core.files import write_whole
from raydock.core.parallel import in_parallel
from raydock.index.client import Index, from_environment
from raydock.index.pages import Pages
from raydock.lock import checks
from raydock.lock.artifacts import Artifact, choose
from raydock.lock.request import LockRequest, request
from raydock.lock.resolver import Uv
from raydock.model.variant import Axis, Variant
from raydock.pipeline.project import Project
from raydock.plan.extras import FLOOR, known
from raydock.plan.rules import Evaluator, RuleInputs

DOCUMENT = ROOT / "docs" / "reference" / "extras.md"
MB = 1e6
LARGEST, JOBS = 4, 6

_HEAD = """\
# Ray's extras

What `ray[EXTRA]` brings over plain `ray`, for each Ray of matrix.yaml, on Python {python} with glibc {glibc}, as of
{cutoff}: resolved by {uv}, with the known breakages kept out (raydock/compat/data/breakages.yaml). *Download* is the
size of the added wheels in the index; *unpacked* is the size of their files, without bytecode. The other columns are
the images of that Ray and Python: whether each can have the extra in addition to `[{floor}]`, by the rules of `plan`,
by resolving its lock, and by the rules for locks.

Written by `.venv/bin/python -m benchmarks extras`, from inputs {digest}:
a test fails if matrix.yaml, the facts or the breakages require a different table.

Every variant has the `ray-extras` of `packages` in matrix.yaml. A group may have different extras and more packages:
it makes variants of its own, whose names end with the group's ([packages.md](../how-to/packages.md)). KubeRay needs
`[{floor}]`. Less is refused unless the group also has `kuberay: false`. What an extra brings decides, so `[serve]` or
`[all]` alone is enough.
"""


@dataclass(frozen=True)
class Brought:
    """What an extra brings over plain Ray: artifacts, and what each holds, unpacked, in bytes."""

    artifacts: tuple[Artifact, ...]
    unpacked: tuple[int, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """How many packages, MB to download, MB unpacked, and the largest."""
        sizes = {item.project: item.size or 0 for item in self.artifacts}
        largest = sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]
        words = ", ".join(f"{name} {_megabytes(sizes[name])}" for name in largest)
        return str(len(sizes)), _megabytes(sum(sizes.values())), _megabytes(sum(self.unpacked)), words


@dataclass(frozen=True)
class Asking:
    """Puts questions to one index."""

    rule_inputs: RuleInputs
    index: Index
    pages: Pages
    uv: Uv
    _chosen: dict[tuple[str, str], Artifact] = field(default_factory=dict)
    _unpacked: dict[str, int] = field(default_factory=dict)

    def artifacts(self, asked: LockRequest, seed: Mapping[str, str]) -> list[Artifact]:
        """The wheels that answer a request. Raises VariantError where there is no answer."""
        pins = self.uv.resolve(asked, seed)
        self.pages.prefetch(pins)
        return [self._choose(asked, pin.name, pin.version) for pin in pins.values()]

    def _choose(self, asked: LockRequest, project: str, version: str) -> Artifact:
        """The wheel of a pin, looked for once: all that is asked here is for one Python and glibc."""
        key = (project, version)
        if key not in self._chosen:
            self._chosen[key] = choose(asked, project, version, self.pages.files(project))
        return self._chosen[key]

    def unpacked(self, item: Artifact) -> int:
        """What a wheel holds in bytes, by the list of files at its end, which is read once."""
        if item.filename not in self._unpacked:
            self._unpacked[item.filename] = self._listed(item)
        return self._unpacked[item.filename]

    def _listed(self, item: Artifact) -> int:
        file = next(file for file in self.pages.files(item.project) if file.filename == item.filename)
        with (
            self.index.client() as client,
            RemoteZip(file.url, session=client.s, timeout=self.index.timeout) as archive,
        ):
            return sum(member.file_size for member in archive.infolist())

    def objection(self, variant: Variant, extra: str) -> str:
        """Why an image cannot have an extra beside the floor; empty where it can."""
        packages = replace(self.rule_inputs.matrix.packages, ray_extras=(*FLOOR, extra))
        rule_inputs = replace(self.rule_inputs, matrix=replace(self.rule_inputs.matrix, packages=packages))
        if verdict := Evaluator(rule_inputs).objection(variant):
            return f"{verdict.rule}: {verdict.reason}"
        asked = request(rule_inputs, variant)
        try:
            checks.hold(asked, self.artifacts(asked, {}))
        except VariantError as error:
            return _short(error.what)
        return ""


def questions(rule_inputs: RuleInputs) -> dict[tuple[str, str], LockRequest]:
    """What is asked by Ray and extra, of plain Ray with an empty extra."""
    matrix = rule_inputs.matrix
    found: dict[tuple[str, str], LockRequest] = {}
    for version in matrix.axes[Axis.RAY]:
        variant = Variant(ray=version, python=matrix.axes[Axis.PYTHON][0])
        release = rule_inputs.facts.releases["ray", version]
        for extra in ("", *known(release)):
            name = f"ray[{extra}]" if extra else "ray"
            found[version, extra] = replace(request(rule_inputs, variant), requirements=(f"{name}=={version}",))
    return found


def digest(project: Project) -> str:
    """Of all that decides the table: another one means that the document is out of date."""
    asked = [item.digest for item in questions(project.rule_inputs).values()]
    asked += [request(project.rule_inputs, variant).digest for variant in _images(project)]
    return f"sha256:{sha256(' '.join(asked).encode()).hexdigest()}"


def write() -> Path:
    """Asks the index about every extra and writes the document. Raises OutOfReachError where the index fails."""
    project = Project(Checkout(ROOT))
    index = from_environment(os.environ)
    with Pages(index) as pages:
        asking = Asking(project.rule_inputs, index, pages, Uv(pages=pages))
        write_whole(DOCUMENT, "".join(_text(project, asking)))
    return DOCUMENT


def _images(project: Project) -> list[Variant]:
    """The variants that are asked about: those of the first Python, with the packages that all have."""
    python = project.matrix.axes[Axis.PYTHON][0]
    return [
        variant
        for variant in project.variants
        if variant.python == python
        and not variant.flavor
        and variant.ray in project.matrix.axes[Axis.RAY]
        and all(getattr(variant, axis) in project.matrix.axes[axis] for axis in Axis)
    ]


def _text(project: Project, asking: Asking) -> Iterator[str]:
    asked = questions(project.rule_inputs)
    one = next(iter(asked.values()))
    yield _HEAD.format(
        python=one.python,
        glibc=one.glibc,
        cutoff=one.cutoff,
        uv=asking.uv.label,
        floor=",".join(FLOOR),
        digest=digest(project),
    )
    for version in project.matrix.axes[Axis.RAY]:
        extras = [extra for ray, extra in asked if ray == version and extra]
        images = [variant for variant in _images(project) if variant.ray == version]
        yield from _section(version, _brought(asking, version, extras, asked), _refused(asking, images, extras), images)


def _brought(
    asking: Asking, version: str, extras: Sequence[str], asked: Mapping[tuple[str, str], LockRequest]
) -> dict[str, Brought | str]:
    """What each extra brings, or why it cannot be resolved."""
    plain = asking.artifacts(asked[version, ""], {})
    seed = {item.project: item.version for item in plain}

    def one(extra: str) -> Brought | str:
        try:
            found = [item for item in asking.artifacts(asked[version, extra], seed) if item.project not in seed]
        except VariantError as error:
            return _short(error.what)
        return Brought(tuple(found), tuple(map(asking.unpacked, found)))

    return dict(zip(extras, in_parallel(one, extras, JOBS, asking.uv.stop), strict=True))


def _refused(asking: Asking, images: Sequence[Variant], extras: Sequence[str]) -> dict[tuple[str, str], str]:
    """Why images cannot have extras, by image and extra."""
    pairs = [(variant, extra) for variant in images for extra in extras]
    found = in_parallel(lambda pair: asking.objection(*pair), pairs, JOBS, asking.uv.stop)
    return {(variant.name, extra): reason for (variant, extra), reason in zip(pairs, found, strict=True)}


def _section(
    version: str,
    brought: Mapping[str, Brought | str],
    refused: Mapping[tuple[str, str], str],
    images: Sequence[Variant],
) -> Iterator[str]:
    """One Ray: a table, the reasons in it by number, and the packages of each extra."""
    reasons = list(dict.fromkeys(filter(None, refused.values())))
    short = [variant.name.removeprefix(f"ray{version}-") for variant in images]
    yield f"\n## Ray {version}\n\n"
    yield f"{row('extra', 'packages', 'download MB', 'unpacked MB', 'the largest', *short)}\n"
    yield f"|---|---|---|---|---|{'---|' * len(images)}\n"
    for extra, found in brought.items():
        cells = found.cells if isinstance(found, Brought) else ("-", "-", "-", found)
        why = [refused[variant.name, extra] for variant in images]
        yield f"{row(f'`{extra}`', *cells, *(f'no ({reasons.index(item) + 1})' if item else 'yes' for item in why))}\n"
    yield "\n"
    yield from (f"{number}. {reason}\n" for number, reason in enumerate(reasons, 1))
    yield f"\nThe packages, over those of plain `ray=={version}`:\n\n"
    for extra, found in brought.items():
        if isinstance(found, Brought):
            yield f"- `{extra}`: {', '.join(item.project for item in found.artifacts) or 'none'}\n"


def _short(reasons: str) -> str:
    """Reasons that are joined by semicolons: the first two, and how many more there are."""
    first, more = (parts := reasons.rstrip(".").split("; "))[:2], len(parts) - 2
    return "; ".join([*first, *([f"and {more} more"] if more > 0 else [])])


def _megabytes(size: int) -> str:
    return f"{size / MB:,.1f}"
