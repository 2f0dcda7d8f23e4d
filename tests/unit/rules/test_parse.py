"""connector.rules.parse: what it reads, and that everything else is refused by its name."""

from decimal import Decimal

import pytest

from connector.model.errors import RowcastError, RuleInvalid, RuleUnsupported
from connector.model.plan import Comparison
from connector.rules.parse import parse_selection
from connector.rules.syntax import (
    Aggregated,
    AndTerm,
    BetweenTerm,
    CallTerm,
    ColumnName,
    CompareTerm,
    Foreign,
    InTerm,
    LikeTerm,
    Literal,
    NotTerm,
    NullTerm,
    OrTerm,
    RegexpTerm,
    TemporalLiteral,
    TruthTerm,
    XorTerm,
)

FROM = "select * from t where "


@pytest.mark.parametrize(
    ("condition", "construct"),
    [
        ("id = 1 || id = 2", r"\|\| is not supported"),
        ("id = 1 = 1", "a condition as operand needs parentheses: id = 1"),
        ("id < 1 = 1", "a condition as operand needs parentheses"),
        ("id = 1 < 1", "a condition as operand needs parentheses"),
        ("name like 'a' = 1", "a condition as operand needs parentheses"),
        ("t.id = 1", "a qualified column name"),
        ("id = null", "comparison with NULL"),
        ("id between null and 1", "comparison with NULL"),
        ("id in (select 1)", "a subquery"),
        ("id > any (select 1)", "ANY"),
        ("exists (select 1)", "EXISTS"),
        ("(id, name) in ((1, 'a'))", "a list of values"),
        ("name = 'a' collate utf8mb4_bin", "COLLATE"),
        ("name = _utf8mb4'a'", "introducer"),
        ("name = N'a'", "national"),
        ("name = 'a' 'b'", "a concatenation of literals"),
        ("id = ?", "a placeholder"),
        ("id = @a", "a variable"),
        ("id = @@a", "a variable"),
        ("id = 1 /*! and name = 'x' */", "a conditional comment"),
        ("name sounds like 'x'", "SOUNDS LIKE"),
        ("1 member of (j)", "MEMBER OF"),
        ("id + interval 1 day = 2", "INTERVAL"),
        ("current_timestamp = 1", "function current_timestamp"),
        ("json_extract(j, '$.a', '$.b') = 1", "a JSON path is one quoted text"),
        ("json_extract(j, name) = 1", "a JSON path is one quoted text"),
        ("cast(id as json) = 1", "a cast to this type"),
        ("cast(id as float) = 1", "a cast to this type"),
        ("cast(id as time) = 1", "a cast to this type"),
    ],
)
def test_refused_conditions(condition: str, construct: str) -> None:
    with pytest.raises(RuleUnsupported, match=construct) as caught:
        parse_selection(FROM + condition)
    assert caught.value.context["position"] in range(len(FROM), len(FROM + condition) + 1)


@pytest.mark.parametrize(
    ("sql", "construct"),
    [
        ("select * from t join u", "a join"),
        ("select * from t, u", "a join"),
        ("select * from (select * from t) x", "only a table is supported in FROM"),
        ("select * from t union select * from t", "UNION"),
        ("(select * from t)", "in parentheses"),
        ("select distinct id from t", "DISTINCT"),
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
        ("select id + 1 from t", "an expression"),
        ("select max(id) from t", "needs a name"),
        ("select *, id from t", r"\* beside other columns"),
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
    term = parse_selection(f"{FROM}id = {text}").where
    assert isinstance(term, CompareTerm)
    assert isinstance(term.right, Literal)
    assert term.right.value == value
    assert type(term.right.value) is type(value)


def test_terms() -> None:
    selection = parse_selection(
        "SELECT `id`, name AS NAME FROM shop.`t 1` WHERE (id <> 1) && `a``b` IS NOT NULL AND (c IS NULL) "
        "and id IN (1, NULL) -- comment\n;"
    )
    assert (selection.database, selection.table) == ("shop", "t 1")
    assert selection.columns is not None
    assert [(item.value, item.name) for item in selection.columns] == [
        (ColumnName("id"), "id"),
        (ColumnName("name"), "NAME"),
    ]
    assert selection.where == AndTerm(
        (
            CompareTerm(Comparison.NE, ColumnName("id"), Literal(1, "1")),
            NullTerm(ColumnName("a`b"), negated=True),
            NullTerm(ColumnName("c"), negated=False),
            InTerm(ColumnName("id"), (Literal(1, "1"), Literal(None, "NULL"))),
        )
    )


A, B, ONE = ColumnName("a"), ColumnName("b"), Literal(1, "1")


@pytest.mark.parametrize(
    ("condition", "tree"),
    [
        ("a or b and a", OrTerm((A, AndTerm((B, A))))),
        ("a xor b and a", XorTerm(A, AndTerm((B, A)))),
        ("a or b xor a", OrTerm((A, XorTerm(B, A)))),
        ("not a = b", NotTerm(CompareTerm(Comparison.EQ, A, B))),
        ("not a is null", NullTerm(A, True)),
        ("a is not true", TruthTerm(A, True, True)),
        ("(a = b) is unknown", NullTerm(CompareTerm(Comparison.EQ, A, B), False)),
        ("a is not false", TruthTerm(A, False, True)),
        ("a <=> null", CompareTerm(Comparison.NULL_SAFE_EQ, A, Literal(None, "NULL"))),
        ("1 < a", CompareTerm(Comparison.LT, ONE, A)),
        ("a not in (1)", NotTerm(InTerm(A, (ONE,)))),
        ("a not between 1 and b", NotTerm(BetweenTerm(A, ONE, B))),
        ("a like b", LikeTerm(A, B, "\\")),
        ("a not like b escape '|'", NotTerm(LikeTerm(A, B, "|"))),
        ("a like b escape ''", LikeTerm(A, B, "")),
        ("a rlike b", RegexpTerm(A, B)),
        ("a + b * a", CallTerm("+", (A, CallTerm("*", (B, A))))),
        ("a mod 1", CallTerm("%", (A, ONE))),
        ("mod(a, 1)", CallTerm("%", (A, ONE))),
        ("a div 1", CallTerm("div", (A, ONE))),
        ("a | b & a", CallTerm("|", (A, CallTerm("&", (B, A))))),
        ("a << 1 + b", CallTerm("<<", (A, CallTerm("+", (ONE, B))))),
        ("-a", CallTerm("neg", (A,))),
        ("ucase(a)", CallTerm("upper", (A,))),
        ("substr(a, 1)", CallTerm("substring", (A, ONE))),
        ("substring(a from 1 for b)", CallTerm("substring", (A, ONE, B))),
        ("a->'$.x'", CallTerm("json_extract", (A,), ("$.x",))),
        ("a->>'$.x'", CallTerm("json_unquote", (CallTerm("json_extract", (A,), ("$.x",)),))),
        ("upper(a->'$.x')", CallTerm("upper", (CallTerm("json_extract", (A,), ("$.x",)),))),
        ("cast(a as decimal(9,2))", CallTerm("cast", (A,), ("decimal", 9, 2))),
        ("convert(a, signed)", CallTerm("cast", (A,), ("signed",))),
        ("convert(a using utf8mb4)", CallTerm("convert_using", (A,), ("utf8mb4",))),
        ("binary a", CallTerm("cast", (A,), ("binary",))),
        ("a = date'2024-01-31'", CompareTerm(Comparison.EQ, A, TemporalLiteral("date", "2024-01-31"))),
        ("a in (timestamp '2024-01-31 00:00:00')", InTerm(A, (TemporalLiteral("timestamp", "2024-01-31 00:00:00"),))),
        ("if(a, 1, b)", CallTerm("if", (A, ONE, B))),
        ("case a when 1 then b end", CallTerm("case", (CompareTerm(Comparison.EQ, A, ONE), B, Literal(None, "NULL")))),
        ("case when a then 1 else b end", CallTerm("case", (A, ONE, B))),
    ],
)  # fmt: skip
def test_trees(condition: str, tree: object) -> None:
    assert parse_selection(FROM + condition).where == tree


def test_thousands_of_terms_are_one_conjunction() -> None:
    where = parse_selection(FROM + " and ".join(f"id != {number}" for number in range(2000))).where
    assert isinstance(where, AndTerm)
    assert len(where.terms) == 2000


def test_aggregates() -> None:
    selection = parse_selection("select grp, count(*) as n, sum(qty) as q from t group by grp")
    assert selection.columns is not None
    assert [item.value for item in selection.columns] == [
        ColumnName("grp"),
        Aggregated(None),
        Aggregated(ColumnName("qty")),
    ]
    assert selection.group_by == ("grp",)


def test_what_only_a_target_can_evaluate() -> None:
    selection = parse_selection("select id, md5(concat(name, id)) as m from t")
    assert selection.columns is not None
    foreign = parse_selection("select id, a sounds like b as s from t").columns
    assert foreign is not None
    assert foreign[1].value == Foreign((A, B), "SOUNDS LIKE is not supported: SOUNDEX(a)")


@pytest.mark.parametrize("name", ["date", "time", "user", "status", "rank", "year", "type", "value", "left", "offset"])
def test_names_that_are_also_keywords(name: str) -> None:
    selection = parse_selection(f"select {name} from t where {name} = 1")
    assert selection.columns is not None
    assert [item.value for item in selection.columns] == [ColumnName(name)]


def test_messages_are_short_and_plain() -> None:
    with pytest.raises(RowcastError) as caught:
        parse_selection(FROM + "id in (" + ", ".join("@a" for _ in range(1000)) + ")")
    assert len(caught.value.what) < 200
    with pytest.raises(RowcastError) as caught:
        parse_selection("select * from t where binary = 1")
    assert "class" not in caught.value.what
