"""REGEXP where Python's engine and MySQL's (ICU) agree: a checked subset of patterns.

Called by `comparisons` when a rule is planned, by `machine` for its rows.

Literal ASCII characters, `.`, classes of characters and ranges, groups, `|`, `^`, and the quantifiers. `$`, escapes
beyond punctuation, back references and look-around differ between engines or versions and are refused.
"""

import re
from collections.abc import Callable

from connector.model.errors import CollationUnsupported, RuleUnsupported

_CLASS = r"\[\^?(?:[A-Za-z0-9_ ,.:;@/=+#%!~]|[A-Za-z0-9]-[A-Za-z0-9])+\]"
_ATOM = rf"(?:[A-Za-z0-9_ ,:;@/=#%!~<>&'\"-]|\\[.\\*+?()|^$/\[\]{{}}-]|\.|{_CLASS}|\^|\((?!\?)|\)|\|)"
_PATTERN = re.compile(rf"(?:{_ATOM}(?:[*+?]|\{{[0-9]{{1,3}}(?:,[0-9]{{0,3}})?\}})?)+")
_LINE_ENDS = "\n\v\f\r\x85\u2028\u2029"
# Characters that ICU folds to ASCII letters, alone or several at once: ß is ss.
_FOLDED = frozenset("ßŉǰẖẗẘẙẚẞﬀﬁﬂﬃﬄﬅﬆKſİı")


def check_pattern(pattern: str) -> None:
    """Raises RuleUnsupported for a pattern that the engines could read differently."""
    if not _PATTERN.fullmatch(pattern) or not _balanced(pattern):
        raise RuleUnsupported(
            f"the regular expression {pattern!r} is not supported",
            hint="Use ASCII characters, '.', [classes], groups, '|', '^' and quantifiers only, or LIKE.",
        )


def _balanced(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    # A quantifier needs something to repeat; engines disagree about ^* and (*.
    return not re.search(r"(?:^|[(|^])[*+?{]|[*+?}][*+?{]", re.sub(r"\\.", "x", pattern))


def matcher(pattern: str, ignore_case: bool, where: str) -> Callable[[str], bool]:
    """Whether the pattern is found in a text. Raises CollationUnsupported for text whose case folding is not known."""
    translated = re.sub(r"\\.|\[[^\]]*\]|\.", lambda part: _dot(part[0]), pattern)
    search = re.compile(translated, re.IGNORECASE if ignore_case else 0).search
    if not ignore_case:
        return lambda text: search(text) is not None

    def found(text: str) -> bool:
        if not text.isascii() and not _FOLDED.isdisjoint(text):
            raise CollationUnsupported(
                f"a value of {where} has characters that a REGEXP without case folds in ways rowcast does not know"
            )
        return search(text) is not None

    return found


def _dot(part: str) -> str:
    return f"[^{_LINE_ENDS}]" if part == "." else part
