"""Is a word understood by its label or code, and asked back otherwise?"""

import pytest

from assets.commands.words import word_of
from assets.errors import InvalidValue
from assets.models import Stage
from assets.procedure.decisions import DELIBERATIONS


@pytest.mark.parametrize("text", ["决议", "RESOLVE"])
def test_a_word_is_known_by_its_label_and_by_its_code(text: str) -> None:
    assert word_of(Stage, text, "环节") is Stage.RESOLVE


def test_another_word_is_answered_with_those_there_are() -> None:
    with pytest.raises(InvalidValue, match="没有“记账”这种环节。可写：提议、商议、审议、决议。"):
        word_of(Stage, "记账", "环节", DELIBERATIONS)
