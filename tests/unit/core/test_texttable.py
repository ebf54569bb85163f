"""Tables of text."""

from raydock.core.texttable import align, fit, with_details

DIGEST = f"sha256:{'ab' * 32}"


def test_columns_are_aligned_without_trailing_spaces() -> None:
    assert align([{"a": "one", "b": "x"}, {"a": "1", "b": ""}]) == ["one  x", "1"]


def test_columns_are_dropped_until_a_line_fits() -> None:
    rows = [{"name": "long-name", "size": "523 MB", "note": "-"}]
    assert fit(rows, ("size", "note"), None) == ["name       size    note", "long-name  523 MB  -"]
    assert fit(rows, ("size", "note"), 22)[1] == "long-name  -"
    assert fit(rows, ("size", "note"), 5)[1] == "long-name"


def test_a_detail_is_wrapped_below_itself_and_no_word_is_folded() -> None:
    rows = [("ray", "passed", "head up in 4.0 s, one node alive"), ("registry", "failed", f"no {DIGEST} there\nsecond")]
    assert with_details(rows, 40) == [
        ["ray       passed  head up in 4.0 s, one", "                  node alive"],
        ["registry  failed  no", f"                  {DIGEST}", "                  there", "                  second"],
    ]
    assert with_details(rows, None)[1] == [f"registry  failed  no {DIGEST} there", "                  second"]
