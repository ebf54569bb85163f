from raydock.core.errors import nearest


def test_a_hint_names_the_nearest_name_or_the_few_known_ones() -> None:
    assert nearest("quikstart", ["quickstart", "train"]) == "Did you mean 'quickstart'?"
    assert nearest("x", ["quickstart", "train"]) == "Known: quickstart, train."
    assert nearest("x", map(str, range(100, 200))) == "No similar name among the 100 known ones."
    assert nearest("x", []) == "No name is known."
