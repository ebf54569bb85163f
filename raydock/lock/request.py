"""The request for a variant's lock: everything that decides the lock, and nothing else."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from packaging.version import Version

from raydock.compat import breakages, sdists, toolchain
from raydock.compat.when import matches
from raydock.core.errors import ConfigurationError
from raydock.core.files import digest_of
from raydock.index import addresses
from raydock.model.matrix import Matrix
from raydock.model.variant import NONE, Variant
from raydock.plan.rules.verdict import RuleInputs

# Increase it if the same request gives a different lock: it makes every lock stale.
FORMAT = 1

# The glibc minors (2.NN) that uv's --python-platform has (uv 0.13.9, `uv pip compile --help`; read 2026-11-30).
UV_GLIBC = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)


@dataclass(frozen=True, kw_only=True)
class LockRequest:
    """A request to a resolver.

    Attributes:
        requirements: what to resolve, as PEP 508 lines.
        constraints: bounds for all packages, as PEP 508 lines.
        cutoff: files that were uploaded after this day do not exist.
        python: the version of CPython, such as 3.11.
        cuda: the CUDA version, or `cpu`.
        arch: the architecture.
        glibc: the version of glibc, such as 2.36.
        indexes: the addresses of package indexes in addition to the default one.
        sources: the projects without wheels, whose source distributions are allowed.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    cutoff: date
    python: str
    cuda: str
    arch: str
    glibc: str
    indexes: tuple[str, ...]
    sources: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hexadecimal digest of all fields."""
        decisive = {key: value for key, value in asdict(self).items() if value or key != "sources"}
        # With a new password, the request stays the same.
        decisive["indexes"] = [addresses.clean(url) for url in self.indexes]
        text = json.dumps({"format": FORMAT, **decisive}, default=str, sort_keys=True)
        return digest_of(text.encode())

    @property
    def before(self) -> datetime:
        """The first moment after the cut-off day, UTC: files that were uploaded later do not exist."""
        return datetime.combine(self.cutoff + timedelta(days=1), time(), UTC)


def create_request(rule_inputs: RuleInputs, variant: Variant, locked: date | None = None) -> LockRequest:
    """Create the request for a variant's lock.

    locked: the cut-off day that its lock was made with; None for a new lock.

    Raises ConfigurationError if no base of the matrix has its Python, or if the base's glibc is too old.
    """
    matrix, cutoff = rule_inputs.matrix, rule_inputs.matrix.cutoff_of(variant, locked)
    known = [breakage for breakage in breakages.known() if breakage.concerns(variant, cutoff)]
    needed = sorted(line for breakage in known for line in breakage.requirements)
    return LockRequest(
        requirements=(*_requirements(rule_inputs, variant), *needed, *toolchain.known().requirements(variant)),
        constraints=tuple(sorted({line for breakage in known for line in breakage.constraints})),
        cutoff=cutoff,
        python=variant.python,
        cuda=variant.cuda,
        arch=variant.arch,
        glibc=_glibc(matrix, variant),
        indexes=matrix.indexes_of(variant),
        sources=tuple(sorted(name for name, sdist in sdists.known().items() if matches(sdist.when, variant))),
    )


def _requirements(rule_inputs: RuleInputs, variant: Variant) -> Iterator[str]:
    """The parts of a variant, and the packages that matrix.yaml adds to them."""
    torch, packages = rule_inputs.release("torch", variant), rule_inputs.matrix.packages_of(variant)
    yield f"{packages.ray}=={variant.ray}"
    if variant.torch != NONE:
        yield f"torch=={torch.version if torch else variant.torch}"
    if variant.vllm != NONE:
        yield f"vllm=={variant.vllm}"
    yield from (*packages.always, *packages.added)


def _glibc(matrix: Matrix, variant: Variant) -> str:
    """The newest glibc that uv knows and that is not newer than the one of the variant's base."""
    base = matrix.base(variant.python)
    if base is None:
        raise ConfigurationError(
            f"{variant}: no base in {matrix.path} has Python {variant.python}.",
            todo=f'add "{variant.python}" to the `python` of a base.',
        )
    return resolvable_glibc(base.glibc, f"{variant}: the base {base.name}")


def resolvable_glibc(glibc: str, whose: str) -> str:
    """The newest glibc that uv knows and that is not newer than this one.

    Raises ConfigurationError if this one is older than all that uv knows.
    """
    minor = max((known for known in UV_GLIBC if Version(f"2.{known}") <= Version(glibc)), default=None)
    if minor is None:
        raise ConfigurationError(
            f"{whose} has glibc {glibc}, which is older than any that uv supports.",
            todo=f"choose one with glibc 2.{min(UV_GLIBC)} or newer.",
        )
    return f"2.{minor}"
