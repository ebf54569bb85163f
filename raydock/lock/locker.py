"""Lock variants: resolve them, and write their locks."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from raydock.compat import sdists, toolchain
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError, VariantError
from raydock.core.events import Listener, queue, silent, timed
from raydock.core.files import write_whole
from raydock.core.parallel import in_parallel
from raydock.index.client import from_environment
from raydock.index.pages import Pages
from raydock.lock import checks, lockfile, stale
from raydock.lock.artifacts import Artifact, choose
from raydock.lock.request import LockRequest, create_request
from raydock.lock.resolver import RESOLVERS, Pins, Resolver, Uv
from raydock.model import lock as locks
from raydock.model.lock import Lock
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs

# Variants that pin the same versions if possible: those with this Python, architecture, cut-off day and extra indexes.
Family = tuple[str, str, date, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class LockResult:
    """The outcome of locking a variant.

    Attributes:
        name: the variant's name.
        changed: whether the bytes of its lock changed.
        error: why it could not be locked; None if it was.
    """

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
    resolver: str = Uv.name,
    upgrade: bool = False,
    on_event: Listener = silent,
) -> tuple[LockResult, ...]:
    """Lock variants from the package index that the environment names: see Locker.lock.

    siblings: all variants of the plan.
    upgrade: whether the versions of locks with an earlier cut-off day are ignored.
    """
    with Pages(from_environment(os.environ, on_event)) as pages:
        chosen = RESOLVERS[resolver](pages=pages)
        locker = Locker(
            rule_inputs=rule_inputs,
            checkout=checkout,
            siblings=siblings,
            resolver=chosen,
            upgrade=upgrade,
            listener=on_event,
        )
        return locker.lock(variants, jobs)


@dataclass(frozen=True)
class Lead:
    """The variant of a family whose versions its siblings also pin if possible.

    Attributes:
        name: its name; empty without pins.
        pins: its pins; empty if no variant of the family can be resolved.
        resolved: whether it was resolved now, and not read from its lock.
    """

    name: str = ""
    pins: Pins = field(default_factory=dict)
    resolved: bool = False

    @property
    def seed(self) -> dict[str, str]:
        """The version of every package."""
        return {pin.name: pin.version for pin in self.pins.values()}


@dataclass(frozen=True, kw_only=True)
class Locker:
    """Locks variants of a checkout.

    Attributes:
        rule_inputs: the matrix and the facts.
        checkout: where the locks are.
        siblings: all variants of the matrix.
        resolver: finds the versions.
        upgrade: whether the versions of locks with an earlier cut-off day are ignored.
        listener: gets progress messages.
    """

    rule_inputs: RuleInputs
    checkout: Checkout
    siblings: Sequence[Variant]
    resolver: Resolver
    upgrade: bool = False
    listener: Listener = silent

    def lock(self, variants: Sequence[Variant], jobs: int) -> tuple[LockResult, ...]:
        """Resolve variants, at most `jobs` at once, and write each lock completely or not at all.

        A variant that cannot be locked does not stop the others, and keeps its old lock. The locks do not depend on
        `jobs`, on the set of requested variants, or on locks that are out of date.

        Raises OutOfReachError if the index fails; locks that were written before are kept.
        """
        # If the index does not answer, this raises OutOfReachError. A resolver would report a missing package.
        self.resolver.pages.files("ray")
        families = list(dict.fromkeys(map(self._family, variants)))
        family_leads = in_parallel(self._lead, families, jobs, self.resolver.stop)
        leads = dict(zip(families, family_leads, strict=True))

        queue(self.listener, [variant.name for variant in variants])

        def lock_variant(variant: Variant) -> LockResult:
            return self._lock(variant, leads[self._family(variant)])

        return tuple(in_parallel(lock_variant, variants, jobs, self.resolver.stop))

    def _family(self, variant: Variant) -> Family:
        matrix = self.rule_inputs.matrix
        return variant.python, variant.arch, matrix.cutoff_of(variant), matrix.indexes_of(variant)

    def _lead(self, family: Family) -> Lead:
        """The lead of a family: the first variant that can be resolved.

        Variants without packages of their own come first, then those with the newest vllm, torch and ray. The lead is
        resolved with the versions of the locks that keep an earlier cut-off day, so that images still share layers.
        """
        siblings = (variant for variant in self.siblings if self._family(variant) == family)
        members = sorted(siblings, key=_lead_order, reverse=True)
        fresh = {variant: lock for variant in members if (lock := self._fresh(variant))}
        earlier = [v for v, lock in fresh.items() if stale.keeps_earlier(self.rule_inputs, v, lock.header)]
        seed = Lead(pins=fresh[earlier[0]].pins).seed if earlier and not self.upgrade else {}
        for variant in members:
            if variant in earlier and not self.upgrade:
                continue
            if variant in fresh and variant not in earlier:
                return Lead(variant.name, fresh[variant].pins)
            try:
                with timed(self.listener, variant.name, "resolving for its siblings"):
                    pins = self.resolver.resolve(create_request(self.rule_inputs, variant), seed)
            except VariantError:
                continue
            return Lead(variant.name, pins, resolved=True)
        return Lead()

    def _fresh(self, variant: Variant) -> Lock | None:
        """The lock of a variant; None if it is missing or stale."""
        reason = stale.reason_of(self.rule_inputs, self.checkout, variant)
        return None if reason else locks.load(self.checkout.lock(variant.name))

    def _lock(self, variant: Variant, lead: Lead) -> LockResult:
        request = create_request(self.rule_inputs, variant)
        try:
            pins = self._resolve(variant, request, lead)
            with timed(self.listener, variant.name, "reading the index"):
                artifacts = self._artifacts(request, pins)
            checks.verify(request, artifacts)
        except VariantError as error:
            self.listener(variant.name, "failed", final=True)
            return LockResult(name=variant.name, error=self._explain(variant, error))
        no_cutoff = self.resolver.pages.without_cutoff(pins, self.resolver.cuda_indexes(request))
        text = lockfile.compose(variant.name, request, self.resolver.label, pins, artifacts, no_cutoff=no_cutoff)
        path = self.checkout.lock(variant.name)
        changed = not path.exists() or path.read_bytes() != text.encode()
        if changed:
            write_whole(path, text)
        if no_cutoff:
            self.listener(
                variant.name, f"warning: no cut-off day applies, because these give no upload times: {no_cutoff}"
            )
        self.listener(variant.name, "locked" if changed else "unchanged", final=True)
        return LockResult(name=variant.name, changed=changed)

    def _explain(self, variant: Variant, error: VariantError) -> VariantError:
        """Add the packages of the variant's group, and their line in matrix.yaml, to an error."""
        packages, compiler = self.rule_inputs.matrix.packages_of(variant), toolchain.known().requirements(variant)
        if not variant.flavor:
            return error
        if packages.added and compiler and any(name in error.what for name in toolchain.package_names()):
            added = ", ".join(packages.added)
            return VariantError(
                f"{packages.place}: {added} and the CUDA compiler of {variant} conflict: {error.what}",
                meaning=f"Images with torch for CUDA {variant.cuda} need {', '.join(compiler)}.",
                todo=f"remove the package that needs a different version, or choose one for CUDA {variant.cuda}.",
            )
        names = ", ".join((packages.ray, *packages.added))
        group = f"{packages.place}: this variant is of the group {variant.flavor}, with {names}."
        return VariantError(error.what, meaning="\n".join(filter(None, (error.meaning, group))), todo=error.todo)

    def _resolve(self, variant: Variant, request: LockRequest, lead: Lead) -> Pins:
        if lead.name != variant.name:
            with timed(self.listener, variant.name, "resolving"):
                return self.resolver.resolve(request, lead.seed)
        return lead.pins if lead.resolved else self.resolver.resolve(request, {})

    def _artifacts(self, request: LockRequest, pins: Pins) -> list[Artifact]:
        pages, also = self.resolver.pages, self.resolver.cuda_indexes(request)
        pages.prefetch(pins, also)
        chosen = [
            choose(request, pin.name, pin.version, *pages.offers(pin.name, pin.version, also)) for pin in pins.values()
        ]
        return [
            self._from_source(request, artifact) if artifact.project in request.sources else artifact
            for artifact in chosen
        ]

    def _from_source(self, request: LockRequest, artifact: Artifact) -> Artifact:
        """Add the packages that build a source distribution, pinned with hashes.

        Raises VariantError if it is not the file in sdists.yaml.
        """
        sdist = sdists.known()[artifact.project]
        if artifact.sha256 != sdist.sha256:
            raise VariantError(
                f"{artifact.filename} has the sha256 {artifact.sha256}, which is not the one in raydock's sdists.yaml.",
                meaning="It would be built from source, and the build would run its code.",
                todo="compare it with raydock/compat/data/sdists.yaml, and report it to the owner of the index.",
            )
        build_request = replace(request, requirements=sdist.build, constraints=(), sources=())
        tools = self._artifacts(build_request, self.resolver.resolve(build_request, {}))
        return replace(artifact, others=(), build=tuple(tool.requirement for tool in tools))


def _lead_order(variant: Variant) -> tuple[bool, tuple[tuple[int, ...], ...]]:
    ray, vllm, torch, _, cuda = variant.order
    return not variant.flavor, (vllm, torch, ray, cuda)
