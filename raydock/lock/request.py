"""What a resolver is asked for a variant: everything that decides a lock, and nothing else."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from packaging.version import Version

from raydock.compat import breakages, sdists, toolchain
from raydock.compat.breakages import Breakage
from raydock.compat.when import matches
from raydock.core.errors import ConfigurationError
from raydock.core.files import digest_of
from raydock.index import addresses
from raydock.model.matrix import Matrix
from raydock.model.variant import NONE, Variant
from raydock.plan.rules import RuleInputs

# Raise it whenever the same request gives another lock: every lock is stale then.
FORMAT = 1

# The glibc minors (2.NN) that uv's --python-platform has (uv 0.13.9, `uv pip compile --help`; read 2026-11-30).
UV_GLIBC = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)


@dataclass(frozen=True, kw_only=True)
class LockRequest:
    """One question to a resolver.

    `requirements` and `constraints` are PEP 508 lines; files uploaded after the day `cutoff` do not exist; wheels run
    on CPython `python` on Linux with this architecture and glibc; `indexes` are asked besides the default index.
    Only wheels are taken, but for the projects in `sources`, which have none: their source distributions.
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
        """`sha256:` and the hexadecimal digest of all of it."""
        decisive = {key: value for key, value in asdict(self).items() if value or key != "sources"}
        # A new password is the same request.
        decisive["indexes"] = [addresses.clean(url) for url in self.indexes]
        text = json.dumps({"format": FORMAT, **decisive}, default=str, sort_keys=True)
        return digest_of(text.encode())

    @property
    def before(self) -> datetime:
        """The first moment after the cut-off day, UTC: files uploaded from then on do not exist."""
        return datetime.combine(self.cutoff + timedelta(days=1), time(), UTC)


def request(rule_inputs: RuleInputs, variant: Variant) -> LockRequest:
    """What to ask for a variant. Raises ConfigurationError where no base of the matrix serves it."""
    matrix = rule_inputs.matrix
    return LockRequest(
        requirements=_requirements(rule_inputs, variant),
        constraints=_constraints(matrix, variant),
        cutoff=matrix.cutoff_of(variant),
        python=variant.python,
        cuda=variant.cuda,
        arch=variant.arch,
        glibc=_glibc(matrix, variant),
        indexes=matrix.indexes_of(variant),
        sources=tuple(sorted(name for name, sdist in sdists.known().items() if matches(sdist.when, variant))),
    )


def _requirements(rule_inputs: RuleInputs, variant: Variant) -> tuple[str, ...]:
    matrix, torch = rule_inputs.matrix, rule_inputs.release("torch", variant)
    packages = matrix.packages_of(variant)
    lines = [f"{packages.ray}=={variant.ray}"]
    lines += [f"torch=={torch.version if torch else variant.torch}"] if variant.torch != NONE else []
    lines += [f"vllm=={variant.vllm}"] if variant.vllm != NONE else []
    needed = sorted(line for item in _breakages(matrix, variant) for line in item.requirements)
    return (*lines, *packages.always, *packages.added, *needed, *toolchain.known().requirements(variant))


def _constraints(matrix: Matrix, variant: Variant) -> tuple[str, ...]:
    return tuple(sorted({line for item in _breakages(matrix, variant) for line in item.constraints}))


def _breakages(matrix: Matrix, variant: Variant) -> list[Breakage]:
    return [item for item in breakages.known() if item.concerns(variant, matrix.cutoff_of(variant))]


def _glibc(matrix: Matrix, variant: Variant) -> str:
    """The newest glibc that uv knows and the variant's base has."""
    base = matrix.base(variant.python)
    if base is None:
        raise ConfigurationError(
            f"{variant}: no base in {matrix.path} has Python {variant.python}.",
            todo=f'add "{variant.python}" to the `python` of a base.',
        )
    return resolvable_glibc(base.glibc, f"{variant}: the base {base.name}")


def resolvable_glibc(glibc: str, whose: str) -> str:
    """The newest glibc that uv knows and that is no newer than this one. Raises ConfigurationError where none is."""
    minor = max((known for known in UV_GLIBC if Version(f"2.{known}") <= Version(glibc)), default=None)
    if minor is None:
        raise ConfigurationError(
            f"{whose} has glibc {glibc}, older than any that the resolver knows.",
            todo=f"choose one with glibc 2.{min(UV_GLIBC)} or newer.",
        )
    return f"2.{minor}"
