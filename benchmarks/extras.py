"""What each of Ray's extras adds to plain Ray, and which images can have it; writes docs/reference/extras.md."""

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
from raydock.lock.request import LockRequest, create_request
from raydock.lock.resolver import Uv
from raydock.model.variant import Axis, Variant
from raydock.pipeline.project import Project
from raydock.plan.extras import FLOOR, known
from raydock.plan.rules.evaluator import Evaluator
from raydock.plan.rules.verdict import RuleInputs

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
class AddedPackages:
    """The packages that an extra adds to plain Ray.

    Attributes:
        artifacts: their wheels.
        unpacked: the size of each wheel's files, in bytes.
    """

    artifacts: tuple[Artifact, ...]
    unpacked: tuple[int, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """The number of packages, MB to download, MB unpacked, and the largest packages."""
        sizes = {artifact.project: artifact.size or 0 for artifact in self.artifacts}
        largest = sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]
        listed = ", ".join(f"{name} {_megabytes(sizes[name])}" for name in largest)
        return str(len(sizes)), _megabytes(sum(sizes.values())), _megabytes(sum(self.unpacked)), listed


@dataclass(frozen=True)
class ExtraResolver:
    """Resolver of extras from one index; each wheel is read once.

    Attributes:
        rule_inputs: the matrix and the facts.
        index: the package index.
        pages: the pages of that index.
        uv: the resolver.
    """

    rule_inputs: RuleInputs
    index: Index
    pages: Pages
    uv: Uv
    _chosen: dict[tuple[str, str], Artifact] = field(default_factory=dict)
    _unpacked: dict[str, int] = field(default_factory=dict)

    def artifacts(self, lock_request: LockRequest, seed: Mapping[str, str]) -> list[Artifact]:
        """Resolve a request to wheels. Raises VariantError if it has no solution."""
        pins = self.uv.resolve(lock_request, seed)
        self.pages.prefetch(pins)
        return [self._choose(lock_request, pin.name, pin.version) for pin in pins.values()]

    def _choose(self, lock_request: LockRequest, project: str, version: str) -> Artifact:
        """Return the wheel of a pin, which is chosen once: all requests are for one Python and glibc."""
        key = (project, version)
        if key not in self._chosen:
            self._chosen[key] = choose(lock_request, project, version, self.pages.files(project))
        return self._chosen[key]

    def unpacked(self, artifact: Artifact) -> int:
        """Return the size of a wheel's files in bytes, from the list of files at its end, which is read once."""
        if artifact.filename not in self._unpacked:
            self._unpacked[artifact.filename] = self._sum_of_files(artifact)
        return self._unpacked[artifact.filename]

    def _sum_of_files(self, artifact: Artifact) -> int:
        file = next(file for file in self.pages.files(artifact.project) if file.filename == artifact.filename)
        with (
            self.index.client() as client,
            RemoteZip(file.url, session=client.s, timeout=self.index.timeout) as archive,
        ):
            return sum(member.file_size for member in archive.infolist())

    def objection(self, variant: Variant, extra: str) -> str:
        """Return why an image cannot have an extra in addition to FLOOR; empty if it can."""
        packages = replace(self.rule_inputs.matrix.packages, ray_extras=(*FLOOR, extra))
        rule_inputs = replace(self.rule_inputs, matrix=replace(self.rule_inputs.matrix, packages=packages))
        if verdict := Evaluator(rule_inputs).objection(variant):
            return f"{verdict.rule}: {verdict.reason}"
        lock_request = create_request(rule_inputs, variant)
        try:
            checks.verify(lock_request, self.artifacts(lock_request, {}))
        except VariantError as error:
            return _short(error.what)
        return ""


def lock_requests(rule_inputs: RuleInputs) -> dict[tuple[str, str], LockRequest]:
    """Return the request for each Ray and extra; the extra is empty for plain Ray."""
    matrix = rule_inputs.matrix
    requests: dict[tuple[str, str], LockRequest] = {}
    for version in matrix.axes[Axis.RAY]:
        variant = Variant(ray=version, python=matrix.axes[Axis.PYTHON][0])
        release = rule_inputs.facts.releases["ray", version]
        for extra in ("", *known(release)):
            name = f"ray[{extra}]" if extra else "ray"
            requests[version, extra] = replace(
                create_request(rule_inputs, variant), requirements=(f"{name}=={version}",)
            )
    return requests


def digest(project: Project) -> str:
    """Return the digest of all inputs of the table; if it differs, the document is out of date."""
    digests = [lock_request.digest for lock_request in lock_requests(project.rule_inputs).values()]
    digests += [create_request(project.rule_inputs, variant).digest for variant in _images(project)]
    return f"sha256:{sha256(' '.join(digests).encode()).hexdigest()}"


def write() -> Path:
    """Resolve every extra and write the document. Raises OutOfReachError if the index fails."""
    project = Project(Checkout(ROOT))
    index = from_environment(os.environ)
    with Pages(index) as pages:
        resolver = ExtraResolver(project.rule_inputs, index, pages, Uv(pages=pages))
        write_whole(DOCUMENT, "".join(_text(project, resolver)))
    return DOCUMENT


def _images(project: Project) -> list[Variant]:
    """Return the variants in the table: those of the first Python, without the packages of a group."""
    python = project.matrix.axes[Axis.PYTHON][0]
    return [
        variant
        for variant in project.variants
        if variant.python == python
        and not variant.flavor
        and variant.ray in project.matrix.axes[Axis.RAY]
        and all(getattr(variant, axis) in project.matrix.axes[axis] for axis in Axis)
    ]


def _text(project: Project, resolver: ExtraResolver) -> Iterator[str]:
    requests = lock_requests(project.rule_inputs)
    first = next(iter(requests.values()))
    yield _HEAD.format(
        python=first.python,
        glibc=first.glibc,
        cutoff=first.cutoff,
        uv=resolver.uv.label,
        floor=",".join(FLOOR),
        digest=digest(project),
    )
    for version in project.matrix.axes[Axis.RAY]:
        extras = [extra for ray, extra in requests if ray == version and extra]
        images = [variant for variant in _images(project) if variant.ray == version]
        added = _added(resolver, version, extras, requests)
        yield from _section(version, added, _refused(resolver, images, extras), images)


def _added(
    resolver: ExtraResolver, version: str, extras: Sequence[str], requests: Mapping[tuple[str, str], LockRequest]
) -> dict[str, AddedPackages | str]:
    """Return the packages that each extra adds, or why it cannot be resolved."""
    plain = resolver.artifacts(requests[version, ""], {})
    seed = {artifact.project: artifact.version for artifact in plain}

    def resolve(extra: str) -> AddedPackages | str:
        try:
            artifacts = resolver.artifacts(requests[version, extra], seed)
        except VariantError as error:
            return _short(error.what)
        added = [artifact for artifact in artifacts if artifact.project not in seed]
        return AddedPackages(tuple(added), tuple(map(resolver.unpacked, added)))

    return dict(zip(extras, in_parallel(resolve, extras, JOBS, resolver.uv.stop), strict=True))


def _refused(resolver: ExtraResolver, images: Sequence[Variant], extras: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return why images cannot have extras, by image and extra; empty if they can."""
    pairs = [(variant, extra) for variant in images for extra in extras]
    reasons = in_parallel(lambda pair: resolver.objection(*pair), pairs, JOBS, resolver.uv.stop)
    return {(variant.name, extra): reason for (variant, extra), reason in zip(pairs, reasons, strict=True)}


def _section(
    version: str,
    added: Mapping[str, AddedPackages | str],
    refused: Mapping[tuple[str, str], str],
    images: Sequence[Variant],
) -> Iterator[str]:
    """Yield the section of one Ray: a table, its reasons by number, and the packages of each extra."""
    reasons = list(dict.fromkeys(filter(None, refused.values())))
    short = [variant.name.removeprefix(f"ray{version}-") for variant in images]
    yield f"\n## Ray {version}\n\n"
    yield f"{row('extra', 'packages', 'download MB', 'unpacked MB', 'the largest', *short)}\n"
    yield f"|---|---|---|---|---|{'---|' * len(images)}\n"
    for extra, packages in added.items():
        cells = packages.cells if isinstance(packages, AddedPackages) else ("-", "-", "-", packages)
        why = [refused[variant.name, extra] for variant in images]
        answers = (f"no ({reasons.index(reason) + 1})" if reason else "yes" for reason in why)
        yield f"{row(f'`{extra}`', *cells, *answers)}\n"
    yield "\n"
    yield from (f"{number}. {reason}\n" for number, reason in enumerate(reasons, 1))
    yield f"\nThe packages, over those of plain `ray=={version}`:\n\n"
    for extra, packages in added.items():
        if isinstance(packages, AddedPackages):
            yield f"- `{extra}`: {', '.join(artifact.project for artifact in packages.artifacts) or 'none'}\n"


def _short(reasons: str) -> str:
    """Shorten reasons that are joined by semicolons to the first two and the number of the rest."""
    first, more = (parts := reasons.rstrip(".").split("; "))[:2], len(parts) - 2
    return "; ".join([*first, *([f"and {more} more"] if more > 0 else [])])


def _megabytes(size: int) -> str:
    return f"{size / MB:,.1f}"
