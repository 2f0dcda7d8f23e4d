"""MySQL as the oracle of rules: random conditions and expressions over random rows, the same answers as the server's.

The seed is new every time and in the test's name; ROWCAST_RULES_SEED repeats a run, ROWCAST_RULES_ANSWERS asks for
more.
"""

import json
import os
import secrets
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.differential.rules_harness import Harness, session
from tools.stack import MySqlServer

ANSWERS = int(os.environ.get("ROWCAST_RULES_ANSWERS", "200000"))
CASES = Path(__file__).with_name("rules_cases.jsonl")
ROWS = 120
TABLES = 4
# The server's optimizer may leave out what is out of range; more often would be a rule that stops streams. Counted in
# whole questions: one of them is out of range for all of its rows at once.
MOST_STRICTER = 0.01


def _seeds() -> list[int]:
    given = os.environ.get("ROWCAST_RULES_SEED")
    return [int(given)] if given else [secrets.randbelow(10**9) for _ in range(TABLES)]


@pytest.mark.parametrize("seed", _seeds())
def test_conditions(seed: int, mysql_source: MySqlServer, fresh_database: FreshDatabase) -> None:
    database = fresh_database(mysql_source)
    with session(mysql_source, database) as cursor:
        harness = Harness(seed, database, cursor, ROWS)
        while harness.tally.answers < ANSWERS // TABLES:
            harness.generator.turn()
            harness.condition(harness.generator.condition())
    assert not harness.tally.differences, f"{harness.tally}\n" + "\n".join(harness.tally.differences[:20])
    assert harness.tally.stricter / ROWS <= harness.tally.asked * MOST_STRICTER
    assert sum(harness.tally.refused.values()) < harness.tally.asked


@pytest.mark.parametrize("seed", _seeds())
def test_expressions(seed: int, mysql_source: MySqlServer, fresh_database: FreshDatabase) -> None:
    database = fresh_database(mysql_source)
    with session(mysql_source, database) as cursor:
        harness = Harness(seed, database, cursor, ROWS)
        while harness.tally.answers < ANSWERS // TABLES // 5:
            harness.generator.turn()
            harness.expression(harness.generator.value())
    assert not harness.tally.differences, f"{harness.tally}\n" + "\n".join(harness.tally.differences[:20])
    assert harness.tally.stricter / ROWS <= harness.tally.asked * MOST_STRICTER


def test_differences_once_found(mysql_source: MySqlServer, fresh_database: FreshDatabase) -> None:
    """Each line of the file was a difference; now the plan is refused or agrees."""
    database = fresh_database(mysql_source)
    with session(mysql_source, database) as cursor:
        for line in CASES.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            harness = Harness(case["seed"], database, cursor, ROWS)
            if "condition" in case:
                harness.condition(case["condition"])
            else:
                harness.expression(case["expression"])
            assert not harness.tally.differences, case
