"""connector.rules.parse: what it reads, and that everything else is refused by its name."""

from decimal import Decimal

import pytest

from connector.model.errors import RowcastError, RuleInvalid, RuleUnsupported
from connector.model.plan import And, Comparison
from connector.rules.parse import parse_selection
from connector.rules.syntax import CompareTerm, InTerm, Literal, NullTerm

FROM = "select * from t where "


@pytest.mark.parametrize(
    ("condition", "construct"),
    [
        ("id = 1 or id = 2", "OR is not supported: id = 1 OR id = 2"),
        ("id = 1 || id = 2", "OR"),
        ("id = 1 xor id = 2", "XOR"),
        ("not id = 1", "NOT"),
        ("id not in (1)", "NOT IN"),
        ("id not between 1 and 2", "NOT BETWEEN"),
        ("name not like 'a'", "NOT LIKE"),
        ("name like 'a%'", "LIKE"),
        ("name regexp 'a'", "REGEXP"),
        ("id <=> 1", "the operator <=>"),
        ("id is true", "IS TRUE"),
        ("length(name) = 1", r"function length\(\)"),
        ("foo(name) = 1", r"function foo\(\)"),
        ("id = now()", "function "),
        ("id + 1 = 2", "an expression"),
        ("id = 1 + 1", "an expression"),
        ("-id = 1", "an expression"),
        ("id & 1 = 1", "an expression"),
        ("id = 1 = 1", "an expression"),
        ("1 = 1", "literals on both sides"),
        ("1 = id", "a literal on the left"),
        ("1 < id", "a literal on the left"),
        ("1 between id and 5", "a literal on the left"),
        ("id = other", "a comparison of two columns"),
        ("t.id = 1", "a qualified column name"),
        ("id = null", "comparison with NULL"),
        ("id between null and 1", "comparison with NULL"),
        ("id in (1, other)", "Column"),
        ("id in (select 1)", "a subquery"),
        ("id > any (select 1)", "ANY"),
        ("exists (select 1)", "EXISTS"),
        ("(id, name) in ((1, 'a'))", "a list of values"),
        ("id in (1, 'a')", "different types"),
        ("id in (1, 1e0)", "different types"),
        ("id between 1 and 'a'", "different types"),
        ("id = cast('1' as signed)", "a cast or a typed literal"),
        ("at = date'2024-01-01'", "a cast or a typed literal"),
        ("binary name = 'a'", "a cast or a typed literal"),
        ("name = 'a' collate utf8mb4_bin", "COLLATE"),
        ("name = _utf8mb4'a'", "introducer"),
        ("name = N'a'", "national"),
        ("name = 'a' 'b'", "a concatenation of literals"),
        ("case when id = 1 then 1 end = 1", "CASE"),
        ("j->'$.a' = 1", "a JSON path"),
        ("id = ?", "a placeholder"),
        ("id = @a", "a variable"),
        ("id = @@a", "a variable"),
        ("id", "a value as condition"),
        ("1", "a value as condition"),
        ("true", "a value as condition"),
        ("id = 5abc", "a comparison of two columns"),
        ("in_keyrange('-80') = 1", r"function in_keyrange\(\)"),
        ("id = 1 /*! and name = 'x' */", "a conditional comment"),
    ],
)
def test_refused_conditions(condition: str, construct: str) -> None:
    with pytest.raises(RuleUnsupported, match=construct):
        parse_selection(FROM + condition)


@pytest.mark.parametrize(
    ("sql", "construct"),
    [
        ("select * from t join u", "a join"),
        ("select * from t, u", "a join"),
        ("select * from (select * from t) x", "only a table is supported in FROM"),
        ("select * from t union select * from t", "UNION"),
        ("(select * from t)", "in parentheses"),
        ("select distinct id from t", "DISTINCT"),
        ("select id from t group by id", "GROUP BY"),
        ("select id from t having id", "HAVING"),
        ("select id from t order by id", "ORDER BY"),
        ("select id from t limit 1", "LIMIT"),
        ("select id from t for update", "FOR UPDATE"),
        ("select sql_no_cache id from t", "a SELECT modifier"),
        ("select /*+ hint */ id from t", "an optimizer hint"),
        ("select id from t as x", "a table alias"),
        ("select id from t force index (a)", "an index hint"),
        ("select id from t partition (p)", "PARTITION"),
        ("with x as (select 1) select * from x", "WITH"),
        ("select id as key_id from t", "an alias that renames"),
        ("select id key_id from t", "an alias that renames"),
        ("select id + 1 from t", "an expression"),
        ("select max(id) from t", r"function max\(\)"),
        ("select keyspace_id() from t", r"function keyspace_id\(\)"),
        ("select 1 from t", "a literal in this place"),
        ("select *, id from t", r"\* beside other columns"),
        ("select t.* from t", "a qualified column name"),
        ("select t.id from t", "a qualified column name"),
        ("delete from t", "only SELECT"),
        ("insert into t values (1)", "only SELECT"),
        ("table t", "only SELECT"),
        ("from t", "only SELECT"),
        ("garbage", "only SELECT"),
    ],
)
def test_refused_statements(sql: str, construct: str) -> None:
    with pytest.raises(RuleUnsupported, match=construct):
        parse_selection(sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("", "0 statements"),
        ("select * from t; select 1", "2 statements"),
        ("select 1", "no FROM"),
        ("select from t", "names no columns"),
        ("select * from t where", "not SQL"),
        ("select * from t where id =", "incomplete expression"),
        ("select * from t where id = 'x", "not SQL"),
        ("select * from t where id in ()", "at least one value"),
        ("select * from t where id = 1e999", "out of range"),
        (f"select * from t where id = {'9' * 500}", "too long"),
        (f"select * from t where {'(' * 3000}id = 1{')' * 3000}", "nested too deeply"),
    ],
)
def test_invalid(sql: str, words: str) -> None:
    with pytest.raises(RuleInvalid, match=words):
        parse_selection(sql)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("+1", 1),
        ("(1)", 1),
        ("18446744073709551616", 18446744073709551616),
        ("1.50", Decimal("1.50")),
        ("-.5", Decimal("-0.5")),
        ("1.", Decimal(1)),
        ("1e3", 1000.0),
        ("true", 1),
        ("FALSE", 0),
        ("'it''s'", "it's"),
        ('"double"', "double"),
        (r"'\n\t\0\Z\\\%\_\q\''", "\n\t\0\x1a\\\\%\\_q'"),
        ("0x4d", b"M"),
        ("0xF", b"\x0f"),
        ("x'4D59'", b"MY"),
        ("b'101'", b"\x05"),
        ("''", ""),
    ],
)
def test_literals(text: str, value: object) -> None:
    (term,) = parse_selection(f"{FROM}id = {text}").predicate
    assert isinstance(term, CompareTerm)
    assert term.literal.value == value
    assert type(term.literal.value) is type(value)


def test_terms() -> None:
    selection = parse_selection(
        "SELECT `id`, name AS NAME FROM shop.`t 1` WHERE (id <> 1) && `a``b` IS NOT NULL AND (c IS NULL) "
        "and id IN (1, NULL) -- comment\n;"
    )
    assert (selection.database, selection.table, selection.columns) == ("shop", "t 1", ("id", "name"))
    assert selection.predicate == (
        CompareTerm("id", Comparison.NE, Literal(1, "1")),
        NullTerm("a`b", negated=True),
        NullTerm("c", negated=False),
        InTerm("id", (Literal(1, "1"), Literal(None, "NULL"))),
        And(4),
    )


def test_thousands_of_terms_are_one_conjunction() -> None:
    selection = parse_selection(FROM + " and ".join(f"id != {number}" for number in range(2000)))
    assert selection.predicate[-1] == And(2000)


@pytest.mark.parametrize("name", ["date", "time", "user", "status", "rank", "year", "type", "value", "left", "offset"])
def test_names_that_are_also_keywords(name: str) -> None:
    selection = parse_selection(f"select {name} from t where {name} = 1")
    assert selection.columns == (name,)


def test_messages_are_short_and_plain() -> None:
    with pytest.raises(RowcastError) as caught:
        parse_selection(FROM + "id in (" + ", ".join("1 + 1" for _ in range(1000)) + ")")
    assert len(caught.value.what) < 200
    with pytest.raises(RowcastError) as caught:
        parse_selection("select * from t where binary = 1")
    assert "class" not in caught.value.what
