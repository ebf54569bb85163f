"""What a base's Python answers, amid other output."""

import pytest

from raydock.builder.basepython import answer


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
def test_what_a_bases_python_answers_amid_other_output(output: bytes, expected: dict[str, str] | None) -> None:
    assert answer(output) == expected
