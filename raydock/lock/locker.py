"""Locks: which are stale, and making them again."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from raydock.compat import sdists, toolchain
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError, VariantError
from raydock.core.events import Listener, silent
from raydock.core.files import write_whole
from raydock.core.parallel import in_parallel
from raydock.index.client import from_environment
from raydock.index.pages import Pages
from raydock.lock import checks, lockfile
from raydock.lock.artifacts import Artifact, choose
from raydock.lock.request import LockRequest, request
from raydock.lock.resolver import RESOLVERS, Pins, Resolver, ResolverName
from raydock.model import lock as locks
from raydock.model.variant import Variant
from raydock.plan.rules import RuleInputs

# Variants whose locks agree on what they share: their Python, architecture, cut-off and extra indexes.
Family = tuple[str, str, date, tuple[str, ...]]


class StaleReason(StrEnum):
    """Why a lock does not stand."""

    MISSING = "it was never locked"
    INPUTS = "matrix.yaml or a known breakage changed since it was locked"
    PACKAGES = "matrix.yaml or the packages that raydock itself installs changed since it was locked"
    EDITED = "it was edited by hand"
    ORPHANED = "matrix.yaml has no such variant any more"


@dataclass(frozen=True)
class Stale:
    """A lock that does not stand, by its variant's name."""

    name: str
    reason: StaleReason


def check(rule_inputs: RuleInputs, checkout: Checkout, variants: Iterable[Variant]) -> tuple[Stale, ...]:
    """The variants whose locks are missing, out of date or edited. Reads files, asks no index and no resolver."""
    found = ((variant.name, _reason(rule_inputs, checkout, variant)) for variant in variants)
    return tuple(Stale(name, reason) for name, reason in found if reason is not None)


def orphans(checkout: Checkout, variants: Iterable[Variant]) -> tuple[Stale, ...]:
    """The locks that belong to none of `variants`, which must be all of the plan's."""
    names = {variant.name for variant in variants}
    found = sorted(path.stem for path in checkout.lockfiles.glob("*.txt"))
    return tuple(Stale(name, StaleReason.ORPHANED) for name in found if name not in names)


def _reason(rule_inputs: RuleInputs, checkout: Checkout, variant: Variant) -> StaleReason | None:
    try:
        header = lockfile.header(checkout.lock(variant.name).read_bytes())
    except FileNotFoundError:
        return StaleReason.MISSING
    if header is None:
        return StaleReason.EDITED
    wanted = {"variant": variant.name, "inputs": request(rule_inputs, variant).digest}
    return None if wanted.items() <= header.items() else StaleReason.INPUTS


@dataclass(frozen=True, kw_only=True)
class LockResult:
    """What came of locking a variant: whether its lock's bytes changed, or the error that stood in the way."""

    name: str
    changed: bool = False
    error: RaydockError | None = None


def lock(
    rule_inputs: RuleInputs,
    checkout: Checkout,
    variants: Sequence[Variant],
    *,
    siblings: Sequence[Variant],
    jobs: int,
    resolver: str = ResolverName.UV,
    on_event: Listener = silent,
) -> tuple[LockResult, ...]:
    """Locks variants from the package index that the environment names; see Locker.lock. `siblings`: all the plan's."""
    with Pages(from_environment(os.environ, on_event)) as pages:
        chosen = RESOLVERS[ResolverName(resolver)](pages=pages)
        locker = Locker(
            rule_inputs=rule_inputs, checkout=checkout, siblings=siblings, resolver=chosen, listener=on_event
        )
        return locker.lock(variants, jobs)


@dataclass(frozen=True)
class Lead:
    """The pins that siblings keep to wherever they can: of which variant, and whether the resolver gave them now."""

    name: str = ""
    pins: Pins | None = None
    resolved: bool = False

    @property
    def seed(self) -> dict[str, str]:
        """The version of every package."""
        return {pin.name: pin.version for pin in (self.pins or {}).values()}


@dataclass(frozen=True, kw_only=True)
class Locker:
    """Makes locks in a checkout. `siblings` are all variants of the matrix: what is locked agrees with them."""

    rule_inputs: RuleInputs
    checkout: Checkout
    siblings: Sequence[Variant]
    resolver: Resolver
    listener: Listener = silent

    def lock(self, variants: Sequence[Variant], jobs: int) -> tuple[LockResult, ...]:
        """Resolves variants, at most `jobs` at once, and writes their locks, each whole or not at all.

        A variant that cannot be locked does not stop the others, and its old lock stays. The locks do not depend on
        `jobs`, on which variants are asked for together, or on locks that are out of date. Raises OutOfReachError where
        the index fails; what was written until then stands.
        """
        self.resolver.pages.files(
            "ray"
        )  # an index out of reach is told as that, and not as a package that no index has
        families = list(dict.fromkeys(map(self._family, variants)))
        found = in_parallel(self._lead, families, jobs, self.resolver.stop)
        leads = dict(zip(families, found, strict=True))
        return tuple(
            in_parallel(lambda item: self._lock(item, leads[self._family(item)]), variants, jobs, self.resolver.stop)
        )

    def _family(self, variant: Variant) -> Family:
        matrix = self.rule_inputs.matrix
        return variant.python, variant.arch, matrix.cutoff_of(variant), matrix.indexes_of(variant)

    def _lead(self, family: Family) -> Lead:
        """The lead of a family: the first variant that has an answer, of those that ask for most (the newest vllm,
        torch and ray) and have no packages of their own. It is resolved without a seed."""
        kin = [variant for variant in self.siblings if self._family(variant) == family]
        for variant in sorted(kin, key=_demand, reverse=True):
            if _reason(self.rule_inputs, self.checkout, variant) is None:
                return Lead(variant.name, locks.load(self.checkout.lock(variant.name)).pins)
            self.listener(variant.name, "resolving for its siblings")
            try:
                return Lead(variant.name, self.resolver.resolve(request(self.rule_inputs, variant), {}), resolved=True)
            except VariantError:
                continue
        return Lead()

    def _lock(self, variant: Variant, lead: Lead) -> LockResult:
        asked = request(self.rule_inputs, variant)
        try:
            pins = self._resolve(variant, asked, lead)
            self.listener(variant.name, "reading the index")
            artifacts = self._artifacts(asked, pins)
            checks.hold(asked, artifacts)
        except VariantError as error:
            self.listener(variant.name, "failed")
            return LockResult(name=variant.name, error=self._explained(variant, error))
        no_cutoff = self.resolver.pages.without_cutoff(pins, self.resolver.cuda_indexes(asked))
        text = lockfile.compose(variant.name, asked, self.resolver.label, pins, artifacts, no_cutoff=no_cutoff)
        path = self.checkout.lock(variant.name)
        changed = not path.exists() or path.read_bytes() != text.encode()
        if changed:
            write_whole(path, text)
        self.listener(variant.name, "locked" if changed else "unchanged")
        if no_cutoff:
            self.listener(variant.name, f"warning: no cut-off day holds; no upload times come from: {no_cutoff}")
        return LockResult(name=variant.name, changed=changed)

    def _explained(self, variant: Variant, error: VariantError) -> VariantError:
        """The error, with the line of matrix.yaml if a group's packages contradict the CUDA compiler of its images."""
        packages, known = self.rule_inputs.matrix.packages_of(variant), toolchain.known()
        if not (packages.added and known.requirements(variant) and any(name in error.what for name in known.packages)):
            return self._with_group(variant, error)
        return VariantError(
            f"{packages.place}: {', '.join(packages.added)} and the CUDA compiler of {variant} contradict each other:"
            f" {error.what}",
            meaning=f"Images with torch for CUDA {variant.cuda} need {', '.join(known.requirements(variant))}.",
            todo=f"remove the package that needs a different version, or choose one for CUDA {variant.cuda}.",
        )

    def _with_group(self, variant: Variant, error: VariantError) -> VariantError:
        """The error, with what the variant's group adds and where matrix.yaml says it."""
        packages = self.rule_inputs.matrix.packages_of(variant)
        if not variant.flavor:
            return error
        names = ", ".join((packages.ray, *packages.added))
        group = f"{packages.place}: the group {variant.flavor} makes this variant, with {names}."
        return VariantError(error.what, meaning="\n".join(filter(None, (error.meaning, group))), todo=error.todo)

    def _resolve(self, variant: Variant, asked: LockRequest, lead: Lead) -> Pins:
        if lead.name != variant.name:
            self.listener(variant.name, "resolving")
            return self.resolver.resolve(asked, lead.seed)
        if lead.resolved and lead.pins is not None:
            return lead.pins
        return self.resolver.resolve(asked, {})

    def _artifacts(self, asked: LockRequest, pins: Pins) -> list[Artifact]:
        pages, also = self.resolver.pages, self.resolver.cuda_indexes(asked)
        pages.prefetch(pins, also)
        chosen = [choose(asked, pin.name, pin.version, *pages.offers(pin.name, also)) for pin in pins.values()]
        return [self._from_source(asked, item) if item.project in asked.sources else item for item in chosen]

    def _from_source(self, asked: LockRequest, item: Artifact) -> Artifact:
        """A source distribution that raydock knows, with what it is built with, pinned with hashes."""
        sdist = sdists.known()[item.project]
        if item.sha256 != sdist.sha256:
            raise VariantError(
                f"{item.filename} has the sha256 {item.sha256}, and raydock knows another file of that package.",
                meaning="It would be built from source, so that its own code ran in the build.",
                todo="ask the index's owner where it comes from; raydock/compat/data/sdists.yaml names the known one.",
            )
        wanted = replace(asked, requirements=sdist.build, constraints=(), sources=())
        tools = self._artifacts(wanted, self.resolver.resolve(wanted, {}))
        return replace(item, others=(), build=tuple(tool.requirement for tool in tools))


def _demand(variant: Variant) -> tuple[bool, tuple[tuple[int, ...], ...]]:
    ray, vllm, torch, _, cuda = variant.order
    return not variant.flavor, (vllm, torch, ray, cuda)
