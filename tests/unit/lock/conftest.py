"""Indexes on loopback, and locks from them."""

from tests.support.extraindex import extra, setting
from tests.support.onlysource import index, plain, site
from tests.support.shelves import (
    checkout,
    lock_request,
    lock_request_here,
    matrix,
    other_shelf,
    rule_inputs,
    run,
    shelf,
    siblings,
)

__all__ = [
    "checkout",
    "extra",
    "index",
    "lock_request",
    "lock_request_here",
    "matrix",
    "other_shelf",
    "plain",
    "rule_inputs",
    "run",
    "setting",
    "shelf",
    "siblings",
    "site",
]
