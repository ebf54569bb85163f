"""Find the locks that are missing, stale, or older than matrix.yaml's cut-off day, without an index or a resolver."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from raydock.core.checkout import Checkout
from raydock.lock.request import create_request
from raydock.model import lock as locks
from raydock.model import sealed
from raydock.model.variant import Variant
from raydock.plan.rules.verdict import RuleInputs


class StaleReason(StrEnum):
    """Why a lock is stale."""

    MISSING = "it was never locked"
    INPUTS = "matrix.yaml or a known breakage changed since it was locked"
    PACKAGES = "matrix.yaml or the packages that raydock itself installs changed since it was locked"
    EDITED = "it was edited by hand"
    EARLIER = "matrix.yaml has a later cut-off day"
    ORPHANED = "matrix.yaml no longer has this variant"


# Why locks are stale, by the names of their variants.
StaleLocks = dict[str, StaleReason]


def check(rule_inputs: RuleInputs, checkout: Checkout, variants: Iterable[Variant]) -> StaleLocks:
    """Find the variants whose locks are missing, out of date or edited, without an index or a resolver."""
    reasons = ((variant.name, reason_of(rule_inputs, checkout, variant)) for variant in variants)
    return {name: reason for name, reason in reasons if reason is not None}


def earlier(rule_inputs: RuleInputs, checkout: Checkout, variants: Iterable[Variant]) -> StaleLocks:
    """Find the fresh locks that keep an earlier cut-off day than a new lock would have."""
    fresh = [variant for variant in variants if reason_of(rule_inputs, checkout, variant) is None]
    headers = {variant: locks.load(checkout.lock(variant.name)).header for variant in fresh}
    kept = [variant for variant, header in headers.items() if keeps_earlier(rule_inputs, variant, header)]
    return {variant.name: StaleReason.EARLIER for variant in kept}


def orphans(checkout: Checkout, variants: Iterable[Variant]) -> StaleLocks:
    """Find the locks that belong to none of `variants`, which are all variants of the plan."""
    names = {variant.name for variant in variants}
    locked = sorted(path.stem for path in checkout.lockfiles.glob("*.txt"))
    return {name: StaleReason.ORPHANED for name in locked if name not in names}


def reason_of(rule_inputs: RuleInputs, checkout: Checkout, variant: Variant) -> StaleReason | None:
    """Why a variant's lock is stale; None if it is fresh."""
    try:
        parts = sealed.split(checkout.lock(variant.name).read_bytes().decode(errors="replace"))
    except FileNotFoundError:
        return StaleReason.MISSING
    if parts is None:
        return StaleReason.EDITED
    header, _ = parts
    request = create_request(rule_inputs, variant, _cutoff(header))
    expected = {"variant": variant.name, "inputs": request.digest}
    return None if expected.items() <= header.items() else StaleReason.INPUTS


def _cutoff(header: Mapping[str, str]) -> date | None:
    """The cut-off day of a lock; None if its header has none, as in raydock 0.1."""
    return date.fromisoformat(header[locks.CUTOFF]) if locks.CUTOFF in header else None


def keeps_earlier(rule_inputs: RuleInputs, variant: Variant, header: Mapping[str, str]) -> bool:
    """Whether a lock has an earlier cut-off day than a new lock of its variant would have."""
    cutoff = _cutoff(header)
    return cutoff is not None and cutoff < rule_inputs.matrix.cutoff_of(variant)
