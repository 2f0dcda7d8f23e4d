"""docs/vindexes.md says what the code does."""

import re
from pathlib import Path

from connector.vindex.registry import LOOKUPS, VINDEXES, build
from tests.unit.vindex.test_vindexes import example

PAGE = (Path(__file__).parents[3] / "docs" / "vindexes.md").read_text(encoding="utf-8")


def test_every_type_with_columns_cost_and_parameters() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| [^|]* \| ([^|]*) \| ([^|]*)\|$", PAGE, re.MULTILINE)
    assert [row[0] for row in rows] == sorted(VINDEXES)
    for name, columns, cost, parameters in rows:
        vindex = build(example(name))
        assert str(vindex.columns) == columns[0] or columns == "1 to 8"
        assert cost in (str(vindex.cost), "sum of the columns'")
        assert all(f"`{parameter}`" in parameters for parameter in vindex.parameters), name


def test_lookups_are_named() -> None:
    named = re.search(r"Lookup vindexes \((.*), \.\.\.\)", PAGE)
    assert named is not None
    assert set(re.findall(r"`(\w+)`", named[1])) < LOOKUPS
