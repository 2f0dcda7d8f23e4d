"""JSON paths of rules: `$`, `.name`, `."any name"`, `[3]`. Wildcards, ranges and `last` are refused.

Called by `calls` when a rule is planned and by `functions` when a row is judged.
"""

import re

from connector.model.errors import RuleInvalid, RuleUnsupported

Step = str | int
_STEP = re.compile(r"\s*(?:\.\s*(?:([A-Za-z_$][A-Za-z0-9_$]*)|(\"(?:[^\"\\\x00-\x1f])*\"))|\[\s*([0-9]{1,9})\s*\])")
_REFUSED = re.compile(r"\*|\blast\b|\bto\b")


def parse_path(path: str, at: int = 0) -> tuple[Step, ...]:
    """Names and array positions from the root. Raises RuleInvalid, RuleUnsupported."""
    text = path.strip()
    if not text.startswith("$"):
        raise RuleInvalid(f"a JSON path begins with $: {path!r}", position=at or None)
    steps: list[Step] = []
    position = 1
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            if _REFUSED.search(text, position):
                raise RuleUnsupported(f"a JSON path of several places is not supported: {path!r}", position=at or None)
            raise RuleUnsupported(
                f"this JSON path is not supported: {path!r}",
                hint='Write names as .name or ."a name", positions as [0].',
                position=at or None,
            )
        name, quoted, index = found.groups()
        steps.append(int(index) if index is not None else name if name is not None else quoted[1:-1])
        position = found.end()
    return tuple(steps)
