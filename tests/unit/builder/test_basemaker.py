"""The versions of Python and glibc in the output of a base's Python."""

import pytest

from raydock.builder.basemaker import parse_versions


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b'{"python": "3.11.2", "glibc": "2.36"}\n', {"python": "3.11.2", "glibc": "2.36"}),
        (b'\xff hello{"python": "3.11.2", "glibc": "2.36"}\nbye {', {"python": "3.11.2", "glibc": "2.36"}),
        (b'{"python": 1}{"python": "3.11.2", "glibc": "2.36"}', {"python": "3.11.2", "glibc": "2.36"}),
        (b"", None),
        (b"[]", None),
        (b"hello", None),
        (b'{"python": "3.11.2"}', None),
        (b"[" * 100_000, None),
    ],
)
def test_versions_are_found_among_other_output(output: bytes, expected: dict[str, str] | None) -> None:
    assert parse_versions(output) == expected
