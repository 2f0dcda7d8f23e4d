"""Secret values this process has seen, so that no output shows them.

Filled by `connector.config.references` when a secret is resolved; asked by the log filter and by the printer of errors
in `connector.cli`. Process-wide on purpose: whoever prints last cannot know which setting a text came from.
"""

import json
from urllib.parse import quote

MASK = "******"
# Shorter values occur in ordinary words and numbers: masking them would make every output unreadable and hide nothing.
SHORTEST = 4

_known: set[str] = set()


def remember(value: str) -> None:
    """Hide this value in everything that is printed from now on."""
    if len(value) >= SHORTEST:
        # As it is, as a JSON text and as a part of a URL: the forms in which it could be printed.
        _known.update(
            {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value, safe="")}
        )


def hide(text: str) -> str:
    """The text with every remembered value masked; longer values first, so that no rest of one remains."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, MASK)
    return text
