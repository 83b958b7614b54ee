"""Which coded word did the clerk mean?"""

from collections.abc import Sequence
from typing import TypeVar

from assets.columns import Labelled
from assets.errors import InvalidValue

Word = TypeVar("Word", bound=Labelled)


def word_of(words: type[Word], text: str, what: str, among: Sequence[Word] = ()) -> Word:
    """The word that was typed, by its Chinese label or by its code.

    ``what`` names the kind of word in the refusal; ``among`` narrows the words that are allowed.

    Raises:
        InvalidValue: No such word; lists those there are.
    """
    allowed = tuple(among) or tuple(words)
    for each in allowed:
        if text in (each.label, each.value):
            return each
    known = "、".join(each.label for each in allowed)
    raise InvalidValue(f"没有“{text}”这种{what}。可写：{known}。")
