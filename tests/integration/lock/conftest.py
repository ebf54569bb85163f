"""Indexes on loopback, and what is locked from them."""

from tests.support.extraindex import extra, setting
from tests.support.onlysource import index, plain, site
from tests.support.shelves import asked, asked_here, checkout, ground, matrix, other_shelf, run, shelf, siblings

__all__ = [
    "asked",
    "asked_here",
    "checkout",
    "extra",
    "ground",
    "index",
    "matrix",
    "other_shelf",
    "plain",
    "run",
    "setting",
    "shelf",
    "siblings",
    "site",
]
