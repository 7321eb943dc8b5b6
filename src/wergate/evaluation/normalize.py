"""Text normalizers: applied to reference and hypothesis alike before errors are counted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

Rule = Callable[[str], str]
_APOSTROPHES = str.maketrans("\u2019\u02bc\uff07", "'''")
_LONE_APOSTROPHE = re.compile(r"(?<![^\W_])'|'(?![^\W_])")


@dataclass(frozen=True)
class Normalizer:
    """A named rule that normalizes text.

    Attributes:
        name: as options, tables and results show it.
        rule: returns the normalized text.
        folds_case: whether letters that differ only in case become equal.
        writes: characters that the rule itself writes in place of words, such as digits.
    """

    name: str
    rule: Rule
    folds_case: bool = False
    writes: frozenset[str] = frozenset()

    def __call__(self, text: str) -> str:
        """Return the normalized text, with single spaces; it may be empty."""
        return collapse_spaces(self.rule(text))


def collapse_spaces(text: str) -> str:
    """Replace each run of white space by one space, and strip both ends."""
    return " ".join(text.split())


def basic(text: str) -> str:
    """Fold case and compatibility forms (Unicode NFKC), and replace punctuation and symbols by spaces.

    Apostrophes inside a word stay. Combining marks stay as well: in many scripts they are vowels.
    """
    folded = _folded(_folded(text)).translate(_APOSTROPHES)  # one fold can expose more to fold
    kept = "".join(" " if _is_punctuation(character) else character for character in folded)
    return _LONE_APOSTROPHE.sub(" ", kept)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_punctuation(character: str) -> bool:
    return character != "'" and unicodedata.category(character)[0] in "PS"


def english(text: str) -> str:
    """Apply Whisper's English rules (Radford et al., 2022, appendix C), which public leaderboards use.

    The rules expand contractions and titles, drop fillers, write numbers in digits, and use American spelling.
    """
    return _whisper()(text)


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
            Normalizer("upper", str.upper, folds_case=True),
            Normalizer("basic", basic, folds_case=True),
            Normalizer("english", english, folds_case=True, writes=frozenset("0123456789.-+%$¢€£")),
        )
    }
)
