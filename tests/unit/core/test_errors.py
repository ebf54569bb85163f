from raydock.core.errors import first_line, nearest


def test_a_hint_names_the_nearest_name_or_the_few_known_ones() -> None:
    assert nearest("quikstart", ["quickstart", "train"]) == "Did you mean 'quickstart'?"
    assert nearest("x", ["quickstart", "train"]) == "Known: quickstart, train."
    assert nearest("x", map(str, range(100, 200))) == "No similar name among the 100 known ones."
    assert nearest("x", []) == "No name is known."


def test_of_a_long_line_the_cause_at_its_end_is_kept() -> None:
    line = first_line(f"failed to pull: {'x' * 400}: dial tcp [::1]:5000: connect: connection refused.\nmore", "")
    assert line.startswith("failed to pull: xxx")
    assert line.endswith(" ... " + line[-150:])
    assert line.endswith("connect: connection refused")
    assert first_line("short.\n", "") == "short"
    assert first_line(" \n", "none") == "none"
