"""Locks of Debian packages: which are stale, and making them again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from raydock.builder.baserecipe import BaseRecipe, base_recipe, group_request
from raydock.builder.debian import other_suites
from raydock.builder.debs import registry
from raydock.builder.debs.containerapt import ContainerApt
from raydock.builder.debs.hostapt import HostApt
from raydock.builder.debs.refusal import refusal
from raydock.builder.debs.request import DebRequest
from raydock.builder.debs.script import ScriptResult, solution
from raydock.builder.debs.store import DebStore
from raydock.builder.localarchive import control
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError, VariantError
from raydock.core.events import Listener
from raydock.core.files import write_whole
from raydock.lock.locker import LockResult, Stale, StaleReason
from raydock.model import debs
from raydock.model.bases import Base
from raydock.model.debs import DebLock
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant

# Opens apt of a pulled base: of the image itself, or of the base that was made of it for what a group adds.
OpenPulled = Callable[[BaseRecipe, bool], AbstractContextManager[ContainerApt]]


def check(matrix: Matrix, checkout: Checkout, variants: Iterable[Variant]) -> tuple[Stale, ...]:
    """The locks of Debian packages of these variants that are missing, out of date or edited. Reads files alone."""
    found = ((item.name, _reason(checkout, item)) for item in requests(matrix, checkout, variants))
    return tuple(Stale(name, reason) for name, reason in found if reason)


def orphans(matrix: Matrix, checkout: Checkout, variants: Iterable[Variant]) -> tuple[Stale, ...]:
    """The locks of Debian packages that belong to none of `variants`, which must be all of the plan's."""
    names = {item.name for item in requests(matrix, checkout, variants)}
    found = sorted(path.stem for path in checkout.lockfiles.glob(f"*{debs.SUFFIX}"))
    return tuple(Stale(name, StaleReason.ORPHANED) for name in found if name not in names)


def requests(matrix: Matrix, checkout: Checkout, variants: Iterable[Variant]) -> tuple[DebRequest, ...]:
    """What these variants need of apt, each once, a base before what groups add to it."""
    found: dict[str, DebRequest] = {}
    for variant in variants:
        recipe = _with_lock(base_recipe(matrix, variant, checkout), checkout)
        found.setdefault(recipe.name, recipe.request)
        if group := group_request(matrix, variant, recipe):
            found.setdefault(group.name, group)
    return tuple(found.values())


def _with_lock(recipe: BaseRecipe, checkout: Checkout) -> BaseRecipe:
    """A recipe with the lock that it has, fresh or not; without packages if it has none."""
    try:
        return replace(recipe, debs=debs.read(checkout.deb_lock(recipe.name)) or DebLock())
    except FileNotFoundError:
        return recipe


def _reason(checkout: Checkout, request: DebRequest) -> StaleReason | None:
    try:
        found = debs.read(checkout.deb_lock(request.name))
    except FileNotFoundError:
        return StaleReason.MISSING
    if not found:
        return StaleReason.EDITED
    return None if found.inputs == request.digest else StaleReason.PACKAGES


@dataclass(kw_only=True)
class DebLocker:
    """Makes locks of Debian packages in a checkout, with this host's apt or that of a pulled base."""

    matrix: Matrix
    checkout: Checkout
    bundle: Path | None
    listener: Listener
    pulled: OpenPulled
    _apts: dict[tuple[str, object], HostApt] = field(default_factory=dict)

    def lock(self, variants: Sequence[Variant]) -> tuple[LockResult, ...]:
        """Locks what is stale of these variants, one after another, and keeps the files.

        A lock that cannot be made does not stop the others; what a group adds to its base fails with the base. Raises
        OutOfReachError if an archive or the engine does not answer.
        """
        outcomes: dict[str, LockResult] = {}
        for variant in variants:
            recipe = base_recipe(self.matrix, variant, self.checkout)
            if recipe.name not in outcomes:
                outcomes[recipe.name] = self._outcome(recipe.request, recipe, group=False)
            recipe = _with_lock(recipe, self.checkout)
            group = group_request(self.matrix, variant, recipe)
            if group and group.name not in outcomes and not outcomes[recipe.name].error:
                outcomes[group.name] = self._outcome(group, recipe, group=True)
        return tuple(outcomes.values())

    def _outcome(self, request: DebRequest, recipe: BaseRecipe, *, group: bool) -> LockResult:
        try:
            return LockResult(name=request.name, changed=self._lock(request, recipe, group=group))
        except RaydockError as error:
            self.listener(request.name, "failed")
            return LockResult(name=request.name, error=error)

    def _lock(self, request: DebRequest, recipe: BaseRecipe, *, group: bool) -> bool:
        path = self.checkout.deb_lock(request.name)
        if not _reason(self.checkout, request):
            return False
        with self._apt(recipe, group) as apt:
            self.listener(request.name, f"choosing Debian packages from {apt.origin}")
            answer = self._solve(apt, request)
            if answer.code:
                raise self._refusal(request, answer, apt)
            text = debs.compose(request.header, self._solution(answer, request))
            lock = debs.parse(request.name, text)
            assert lock
            self.listener(request.name, f"fetching {len(lock.debs)} Debian packages")
            store = DebStore(folder=self.checkout.debs)
            store.complete(lock, apt)
        if self.matrix.debs:
            self.listener(request.name, f"keeping {len(lock.debs)} Debian packages in {self.matrix.debs}")
            registry.push(self.matrix.debs, lock, store)
        write_whole(path, text)
        self.listener(request.name, "locked")
        return True

    def _refusal(self, request: DebRequest, answer: ScriptResult, apt: HostApt | ContainerApt) -> RaydockError:
        """The error for a request that apt refuses, about the first package that it refuses also by itself, if any."""
        for package, place in zip(request.packages, request.places, strict=False):
            alone = replace(request, packages=(package,), places=(place,))
            single = self._solve(apt, alone)
            if single.code:
                request, answer = alone, single
                break
        return refusal(request, answer, lambda package: self._elsewhere(request.base, package))

    def _solution(self, answer: ScriptResult, request: DebRequest) -> Sequence[debs.Deb]:
        try:
            return solution(answer.output)
        except ValueError as error:
            raise VariantError(
                f"{request.name}: apt chose packages without a file: {error}.",
                todo="use a base whose apt sources are archives (not a local dpkg status).",
            ) from None

    def _solve(self, apt: HostApt | ContainerApt, request: DebRequest) -> ScriptResult:
        if isinstance(apt, ContainerApt):
            return apt.solve(request.packages)
        return apt.solve(request.packages, self._status(request.below, apt))

    def _status(self, below: DebLock | None, apt: HostApt) -> str:
        """dpkg's status with a base's packages installed; empty without a base."""
        if not below:
            return ""
        store = DebStore(folder=self.checkout.debs)
        store.complete(below, apt)
        fields = (control(store.path(deb)) for deb in below.debs)
        return "".join(f"{text}Status: install ok installed\n\n" for text in fields)

    @contextmanager
    def _apt(self, recipe: BaseRecipe, group: bool) -> Iterator[HostApt | ContainerApt]:
        if recipe.base.source == "bootstrap":
            yield self._host(recipe.base)
        else:
            with self.pulled(recipe, group) as apt:
                yield apt

    def _host(self, base: Base) -> HostApt:
        key = base.suite, base.mirror
        return self._apts.setdefault(key, HostApt(base=base, bundle=self.bundle, work=self.checkout.work))

    def _elsewhere(self, base: Base, package: str) -> list[str]:
        """The other Debian suites whose archive has a package."""
        found = []
        for suite in other_suites(base):
            try:
                if package in self._host(replace(base, suite=suite)).candidates([package]):
                    found.append(suite)
            except RaydockError:
                continue  # an archive without that suite
        return found
