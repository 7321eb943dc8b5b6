"""Text normalizers: applied to reference and hypothesis alike before errors are counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

Rule = Callable[[str], str]
_LETTERS = "\u02bb\u02bc\uff07"  # apostrophes that are letters of a word wherever they stand
_QUOTES = "\u2018\u2019\u00b4\u0060\u2032"  # apostrophes between letters, and quotation marks elsewhere
_APOSTROPHES = str.maketrans(dict.fromkeys(_LETTERS + _QUOTES, "'"))
_BETWEEN_LETTERS = re.compile(rf"(?<=[^\W\d_])[{_LETTERS}{_QUOTES}](?=[^\W\d_])")
_VISIBLE = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]")  # signs, despite category Cf
_UNSEEN = re.compile("[\u0640\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # neither Cf nor seen
_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
COUNT_CHARACTERS = "count characters with --normalizer characters"
_DOTTED = str.maketrans("\u0130I", "i\u0131")  # Turkish and Azerbaijani: I with a dot, and I without
_LONE_APOSTROPHE = re.compile(r"(?<![^\W_])'|'(?![^\W_])")


@dataclass(frozen=True)
class Normalizer:
    """A named rule that normalizes text.

    Attributes:
        name: as options, tables and results show it.
        rule: returns the normalized text.
        folds_case: whether letters that differ only in case become equal.
        writes: characters that the rule itself writes in place of words, such as digits.
        drops_unseen: whether characters that nobody sees are left out.
    """

    name: str
    rule: Rule
    folds_case: bool = False
    writes: frozenset[str] = frozenset()
    drops_unseen: bool = False

    def __call__(self, text: str) -> str:
        """Return the normalized text, with single spaces; it may be empty."""
        return collapse_spaces(self.rule(text))


def collapse_spaces(text: str) -> str:
    """Replace each run of white space by one space, and strip both ends."""
    return " ".join(text.split())


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), in which equal characters are equal codes."""
    return unicodedata.normalize("NFC", text)


def upper(text: str) -> str:
    """Write capitals, by Unicode's rules for no language in particular, and one apostrophe between letters."""
    capitals = composed(composed(composed(text).upper()).upper())  # one change can expose more to change
    return _BETWEEN_LETTERS.sub("'", capitals)


def unseen(text: str) -> str:
    """Return the characters of a text that nobody sees, such as soft hyphens and marks of direction."""
    return "".join(character for character in text if _is_unseen(character))


def _is_unseen(character: str) -> bool:
    if _UNSEEN.match(character):
        return True
    return unicodedata.category(character) == "Cf" and not _VISIBLE.match(character)


def basic(text: str) -> str:
    """Fold case and compatibility forms (Unicode NFKC), and replace punctuation and symbols by spaces.

    Apostrophes inside a word stay. Combining marks stay as well: in many scripts they are vowels. Characters that
    nobody sees, such as soft hyphens and marks of direction, are dropped.
    """
    seen = "".join(character for character in text if not _is_unseen(character))
    marked = _VISIBLE.sub(" ", seen).translate(_APOSTROPHES)  # NFKC would make a space and an accent of U+00B4
    folded = _folded(_folded(marked)).translate(_APOSTROPHES)  # one fold can expose more to fold
    kept = "".join(" " if _is_punctuation(character) else character for character in folded)
    return _LONE_APOSTROPHE.sub(" ", kept)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_punctuation(character: str) -> bool:
    return character != "'" and unicodedata.category(character)[0] in "PS"


def turkish(text: str) -> str:
    """Apply `basic` after folding the two letters I of Turkish and Azerbaijani, which Unicode's rules mix up."""
    return basic(composed(text).translate(_DOTTED))


def characters(text: str) -> str:
    """Apply `basic`, and make a word of each character with its combining marks.

    The word error rate is then the character error rate, which is usual for scripts without spaces.
    """
    return "".join(
        character if unicodedata.category(character)[0] == "M" else f" {character}"
        for character in basic(text)
        if character != "'"
    )


def is_without_spaces(text: str) -> bool:
    """Return whether most letters of a text belong to a script that puts no spaces between words."""
    letters = [character for character in text if unicodedata.category(character)[0] == "L"]
    return 2 * sum(unicodedata.name(letter, "").startswith(_WITHOUT_SPACES) for letter in letters) > len(letters)


def english(text: str) -> str:
    """Apply Whisper's English rules (Radford et al., 2022, appendix C), which public leaderboards use.

    The rules expand contractions and titles, drop fillers, write numbers in digits, and use American spelling.
    """
    return composed(_whisper()(composed(text)))


@cache
def _whisper() -> Rule:
    from whisper_normalizer.english import EnglishTextNormalizer

    rules: Rule = EnglishTextNormalizer()
    return rules


NORMALIZERS: Mapping[str, Normalizer] = MappingProxyType(
    {
        normalizer.name: normalizer
        for normalizer in (
            Normalizer("none", str),
            Normalizer("upper", upper, folds_case=True),
            Normalizer("basic", basic, folds_case=True, drops_unseen=True),
            Normalizer("turkish", turkish, folds_case=True, drops_unseen=True),
            Normalizer("characters", characters, folds_case=True, drops_unseen=True),
            Normalizer("english", english, folds_case=True, writes=frozenset("0123456789.-+%$¢€£")),
        )
    }
)
