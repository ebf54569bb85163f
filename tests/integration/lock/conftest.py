"""Indexes on loopback, and what the tests lock from them."""

from tests.support.extraindex import extra, setting
from tests.support.onlysource import index, plain, site
from tests.support.wheelindex import (
    checkout,
    lock_request,
    lock_request_here,
    matrix,
    other_index,
    rule_inputs,
    run,
    siblings,
    wheel_index,
)

__all__ = [
    "checkout",
    "extra",
    "index",
    "lock_request",
    "lock_request_here",
    "matrix",
    "other_index",
    "plain",
    "rule_inputs",
    "run",
    "setting",
    "siblings",
    "site",
    "wheel_index",
]
