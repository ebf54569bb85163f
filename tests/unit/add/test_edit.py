"""Edits of matrix.yaml in all forms that YAML allows for it."""

from datetime import date

import pytest

from raydock.add.edit import MatrixText
from raydock.model.variant import Axis

HEAD = "# head\nregistry: localhost:5000/raydock\ncutoff: 2026-11-15  # of locks\n"
FLOW = HEAD + 'axes:\n  python: ["3.11"]\n  ray: ["2.49.1", "2.60.0"]  # tested\n\n# below\ngroups: {}\n'
BLOCK = HEAD + 'axes:\n  ray:\n  - "2.49.1"\n  - "2.60.0"  # tested\n  python: ["3.11"]\n'
INDENTED = HEAD + 'axes:\n    ray:\n      # old\n      - "2.60.0"'
ONE_LINE = HEAD + 'axes: {python: ["3.11"], ray: ["2.60.0"]}\n'
SEVERAL_LINES = HEAD + 'axes:\n  ray: [\n    "2.60.0",\n    "2.59.0"\n  ]\n'


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (FLOW, '"2.60.0"]', '"2.60.0", "2.61.0"]'),
        (BLOCK, '  - "2.60.0"  # tested\n', '  - "2.60.0"  # tested\n  - "2.61.0"\n'),
        (INDENTED, '      - "2.60.0"', '      - "2.60.0"\n      - "2.61.0"'),
        (ONE_LINE, 'ray: ["2.60.0"]', 'ray: ["2.60.0", "2.61.0"]'),
        (SEVERAL_LINES, '"2.59.0"\n', '"2.59.0", "2.61.0"\n'),
    ],
)
def test_a_value_is_added_and_nothing_else_changes(text: str, old: str, new: str) -> None:
    assert text.count(old) == 1
    assert MatrixText(text).with_value(Axis.RAY, "2.61.0", ()).text == text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (FLOW, "# tested\n", '# tested\n  torch: [none, "2.13.0"]\n'),
        (BLOCK, '["3.11"]\n', '["3.11"]\n  torch: [none, "2.13.0"]\n'),
        (INDENTED, '- "2.60.0"', '- "2.60.0"\n    torch: [none, "2.13.0"]'),
        (ONE_LINE, '["2.60.0"]', '["2.60.0"], torch: [none, "2.13.0"]'),
        (SEVERAL_LINES, "  ]\n", '  ]\n  torch: [none, "2.13.0"]\n'),
    ],
)
def test_an_axis_that_the_text_does_not_have_gets_its_default_too(text: str, old: str, new: str) -> None:
    assert text.count(old) == 1
    assert MatrixText(text).with_value(Axis.TORCH, "2.13.0", ("none",)).text == text.replace(old, new)


def test_a_later_cutoff_keeps_the_time_of_files() -> None:
    moved = MatrixText(FLOW).with_cutoff(date(2026, 11, 20), date(2026, 11, 15))
    assert moved.text == FLOW.replace("2026-11-15  # of locks\n", "2026-11-20  # of locks\ntimestamp: 2026-11-15\n")
    again = moved.with_cutoff(date(2026, 12, 1), date(2026, 11, 15))
    assert again.text == moved.text.replace("2026-11-20", "2026-12-01")
