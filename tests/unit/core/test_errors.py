from raydock.core.errors import nearest


def test_the_nearest_word_or_the_few_that_are_known() -> None:
    assert nearest("quikstart", ["quickstart", "train"]) == "Did you mean 'quickstart'?"
    assert nearest("x", ["quickstart", "train"]) == "Known: quickstart, train."
    assert nearest("x", map(str, range(100, 200))) == "None of the 100 known is like it."
    assert nearest("x", []) == "None is known."
