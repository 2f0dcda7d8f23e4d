"""docs/rules.md says what the code does."""

import re
from pathlib import Path

from connector.rules.collation import supported
from connector.rules.parse import parse_selection

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")


def test_collations_are_listed() -> None:
    listed = re.search(r"every `_bin` collation, and these:\n\n(.*?)\n\n", PAGE, re.DOTALL)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == supported()


def test_every_term_shown_is_read() -> None:
    block = re.search(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    terms = [line.split("--")[0].strip() for line in block[1].splitlines()]
    assert len(terms) > 5
    for term in terms:
        assert parse_selection(f"select * from t where {term}").where, term
