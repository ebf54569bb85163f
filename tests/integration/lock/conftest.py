"""Indexes on loopback, and what the tests lock from them."""

from tests.support.extraindex import extra, setting
from tests.support.onlysource import index, plain, site
from tests.support.shelves import asked, asked_here, checkout, matrix, other_shelf, rule_inputs, run, shelf, siblings

__all__ = [
    "asked",
    "asked_here",
    "checkout",
    "extra",
    "index",
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
