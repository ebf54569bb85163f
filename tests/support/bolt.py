"""Writer of bbolt files, the format of trivy's database.

The format (pages, buckets, elements) is version 2 of https://github.com/etcd-io/bbolt: two meta pages, a free list, and
here one leaf page of the necessary length for each bucket.
"""

import struct
from collections.abc import Mapping
from typing import Union

Bucket = Mapping[str, Union["Bucket", bytes]]

_PAGE = 4096
_HEADER, _ELEMENT, _BUCKET = struct.Struct("<QHHI"), struct.Struct("<IIII"), struct.Struct("<QQ")
_LEAF, _META, _FREE = 0x02, 0x04, 0x10
_MAGIC, _VERSION = 0xED0CDAED, 2
_FREE_PAGE, _FIRST_PAGE = 2, 3


def bolt(root: Bucket) -> bytes:
    """Return the bytes of a database with these nested buckets."""
    leaves: list[bytes] = []
    top = _place(root, leaves)
    end = _FIRST_PAGE + sum(map(len, leaves)) // _PAGE
    metas = [_page(number, _META, 0, _meta(top, end, number)) for number in (0, 1)]
    return b"".join([*metas, _page(_FREE_PAGE, _FREE, 0, b""), *leaves])


def _place(bucket: Bucket, leaves: list[bytes]) -> int:
    """Append a bucket's leaf page after those of its nested buckets, and return its number."""
    elements: list[tuple[int, bytes, bytes]] = []
    for name, value in sorted(bucket.items()):
        if isinstance(value, bytes):
            elements.append((0, name.encode(), value))
        else:
            elements.append((1, name.encode(), _BUCKET.pack(_place(value, leaves), 0)))
    heads, bodies = b"", b""
    for index, (flags, key, value) in enumerate(elements):
        position = (len(elements) - index) * _ELEMENT.size + len(bodies)
        heads += _ELEMENT.pack(flags, position, len(key), len(value))
        bodies += key + value
    number = _FIRST_PAGE + sum(map(len, leaves)) // _PAGE
    leaves.append(_page(number, _LEAF, len(elements), heads + bodies))
    return number


def _page(number: int, flags: int, count: int, body: bytes) -> bytes:
    more = (_HEADER.size + len(body) - 1) // _PAGE
    return (_HEADER.pack(number, flags, count, more) + body).ljust((more + 1) * _PAGE, b"\0")


def _meta(root: int, end: int, transaction: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", _MAGIC, _VERSION, _PAGE, 0, root, 0, _FREE_PAGE, end, transaction)
    return body + struct.pack("<Q", _fnv1a(body))


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value
