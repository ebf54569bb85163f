"""Finds stale locks of Debian packages, and makes them again."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import CompletedProcess

from raydock.builder.baserecipe import BaseRecipe, base_recipe, group_request
from raydock.builder.debs import registry
from raydock.builder.debs.containerapt import ContainerApt
from raydock.builder.debs.hostapt import HostApt
from raydock.builder.debs.refusal import refusal
from raydock.builder.debs.request import DebRequest
from raydock.builder.debs.script import solution
from raydock.builder.debs.store import Apt, DebStore
from raydock.builder.localarchive import control
from raydock.core.checkout import Checkout
from raydock.core.errors import RaydockError, VariantError
from raydock.core.events import Listener, timed
from raydock.core.files import write_whole
from raydock.lock.locker import LockResult
from raydock.lock.stale import StaleLocks, StaleReason
from raydock.model import debs
from raydock.model.bases import SUITES, Base
from raydock.model.debs import DebLock
from raydock.model.matrix import Matrix
from raydock.model.variant import Variant

# Opens the apt of a pulled base: in the image itself or, if the flag is set, in the base made from it.
OpenPulled = Callable[[BaseRecipe, bool], AbstractContextManager[ContainerApt]]


def check(matrix: Matrix, checkout: Checkout, variants: Iterable[Variant]) -> StaleLocks:
    """The missing, outdated or edited locks of Debian packages.

    Reads only files.
    """
    reasons = ((request.name, _reason(checkout, request)) for request in requests(matrix, checkout, variants))
    return {name: reason for name, reason in reasons if reason}


def orphans(matrix: Matrix, checkout: Checkout, variants: Iterable[Variant]) -> StaleLocks:
    """The locks of Debian packages that do not belong to `variants`.

    These must be all variants of the plan.
    """
    names = {request.name for request in requests(matrix, checkout, variants)}
    locks = sorted(path.stem for path in checkout.lockfiles.glob(f"*{debs.SUFFIX}"))
    return {name: StaleReason.ORPHANED for name in locks if name not in names}


def requests(matrix: Matrix, checkout: Checkout, variants: Iterable[Variant]) -> tuple[DebRequest, ...]:
    """The unique requests of these variants to apt's solver.

    The request of a base comes before those of its groups.
    """
    unique: dict[str, DebRequest] = {}
    for variant in variants:
        recipe = _with_lock(base_recipe(matrix, variant, checkout), checkout)
        unique.setdefault(recipe.name, recipe.request)
        if group := group_request(matrix, variant, recipe):
            unique.setdefault(group.name, group)
    return tuple(unique.values())


def _with_lock(recipe: BaseRecipe, checkout: Checkout) -> BaseRecipe:
    """The recipe with its lock, fresh or stale; without packages if the lock is missing."""
    try:
        return replace(recipe, debs=debs.read(checkout.deb_lock(recipe.name)) or DebLock())
    except FileNotFoundError:
        return recipe


def _reason(checkout: Checkout, request: DebRequest) -> StaleReason | None:
    try:
        lock = debs.read(checkout.deb_lock(request.name))
    except FileNotFoundError:
        return StaleReason.MISSING
    if not lock:
        return StaleReason.EDITED
    return None if lock.inputs == request.digest else StaleReason.PACKAGES


@dataclass(kw_only=True)
class DebLocker:
    """Makes locks of Debian packages with this host's or a pulled base's apt.

    Attributes:
        matrix: the matrix.
        checkout: the paths of the checkout.
        bundle: a file of PEM certificates for https, if any.
        listener: gets the progress.
        pulled: opens the apt of a pulled base.
    """

    matrix: Matrix
    checkout: Checkout
    bundle: Path | None
    listener: Listener
    pulled: OpenPulled
    _apts: dict[tuple[str, object], HostApt] = field(default_factory=dict)

    def lock(self, variants: Sequence[Variant]) -> tuple[LockResult, ...]:
        """Makes the stale locks of these variants, and stores the packages.

        An error in one lock does not stop the others, except for the groups of a base whose lock failed. Raises
        OutOfReachError if an archive or the engine does not answer.
        """
        results: dict[str, LockResult] = {}
        for variant in variants:
            recipe = base_recipe(self.matrix, variant, self.checkout)
            if recipe.name not in results:
                results[recipe.name] = self._result(recipe.request, recipe, group=False)
            recipe = _with_lock(recipe, self.checkout)
            group = group_request(self.matrix, variant, recipe)
            if group and group.name not in results and not results[recipe.name].error:
                results[group.name] = self._result(group, recipe, group=True)
        return tuple(results.values())

    def _result(self, request: DebRequest, recipe: BaseRecipe, *, group: bool) -> LockResult:
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
            with timed(self.listener, request.name, f"choosing Debian packages from {apt.origin}"):
                result = self._solve(apt, request)
            if result.returncode:
                raise self._refusal(request, result, apt)
            text = debs.compose(request.header, self._solution(result, request))
            lock = debs.parse(request.name, text)
            assert lock
            store = DebStore(folder=self.checkout.debs)
            with timed(self.listener, request.name, f"fetching {len(lock.debs)} Debian packages"):
                store.complete(lock, apt)
        if self.matrix.debs:
            self.listener(request.name, f"storing {len(lock.debs)} Debian packages in {self.matrix.debs}")
            registry.push(self.matrix.debs, lock, store)
        write_whole(path, text)
        self.listener(request.name, "locked")
        return True

    def _refusal(self, request: DebRequest, result: CompletedProcess[str], apt: Apt) -> RaydockError:
        """The error for a request that apt refuses.

        If apt refuses one package alone, it is about that package.
        """
        for package, place in zip(request.packages, request.places, strict=False):
            single_request = replace(request, packages=(package,), places=(place,))
            single_result = self._solve(apt, single_request)
            if single_result.returncode:
                request, result = single_request, single_result
                break
        return refusal(request, result, lambda package: self._suites_with(request.base, package))

    def _solution(self, result: CompletedProcess[str], request: DebRequest) -> Sequence[debs.Deb]:
        try:
            return solution(result.stdout)
        except ValueError as error:
            raise VariantError(
                f"{request.name}: apt chose packages without a file: {error}.",
                todo="use a base whose apt sources are archives (not a local dpkg status).",
            ) from None

    def _solve(self, apt: Apt, request: DebRequest) -> CompletedProcess[str]:
        if isinstance(apt, ContainerApt):
            return apt.solve(request.packages)
        return apt.solve(request.packages, self._status(request.below, apt))

    def _status(self, below: DebLock | None, apt: HostApt) -> str:
        """The status of dpkg with the packages of a base installed; empty without a base."""
        if not below:
            return ""
        store = DebStore(folder=self.checkout.debs)
        store.complete(below, apt)
        fields = (control(store.path(deb)) for deb in below.debs)
        return "".join(f"{text}Status: install ok installed\n\n" for text in fields)

    def _apt(self, recipe: BaseRecipe, group: bool) -> AbstractContextManager[Apt]:
        is_pulled = recipe.base.source == "pull"
        return self.pulled(recipe, group) if is_pulled else nullcontext(self._host(recipe.base))

    def _host(self, base: Base) -> HostApt:
        key = base.suite, base.mirror
        return self._apts.setdefault(key, HostApt(base=base, bundle=self.bundle, work=self.checkout.work))

    def _suites_with(self, base: Base, package: str) -> list[str]:
        """The other Debian suites that have a package."""
        suites = []
        for suite in SUITES:
            with suppress(RaydockError):  # the archive does not have that suite
                if suite != base.suite and package in self._host(replace(base, suite=suite)).candidates([package]):
                    suites.append(suite)
        return suites
