"""Texts that the integration tests replace in raydock's code: a change of the code is noticed without an engine."""

import pytest

from tests.integration.test_changed_fingerprints import CODE, Replacement
from tests.support.clone import ROOT


@pytest.mark.parametrize("kind", CODE)
def test_the_code_has_the_text(kind: str) -> None:
    change, _ = CODE[kind]
    if isinstance(change, Replacement):
        text = (ROOT / change.path).read_text()
        assert change.replaced(text) != text
