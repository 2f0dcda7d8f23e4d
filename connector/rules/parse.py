"""A rule's SQL -> `syntax.Selection`, the only door to sqlglot. Called by `ruleset` when a rule set is made.

What is not listed here is refused by its name (RuleUnsupported): nothing of a rule is ever ignored.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from math import isinf
from typing import NoReturn

from sqlglot import exp, parse, tokenize
from sqlglot.errors import SqlglotError

from connector.model.errors import KeyRangeInvalid, RuleInvalid, RuleUnsupported
from connector.model.keyrange import KeyRange
from connector.model.plan import And, Comparison
from connector.rules.syntax import CompareTerm, InTerm, KeyRangeTerm, Literal, NullTerm, Selection, Term

_DIALECT = "mysql"
_SHOWN = 80  # characters of a construct that an error message repeats
_LONGEST_NUMBER = 400  # characters; MySQL's widest DECIMAL has 65 digits, its widest DOUBLE about 310
_INTEGER = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"[0-9]+\.[0-9]*|\.[0-9]+")

_COMPARISONS: dict[type[exp.Expr], Comparison] = {
    exp.EQ: Comparison.EQ,
    exp.NEQ: Comparison.NE,
    exp.LT: Comparison.LT,
    exp.LTE: Comparison.LE,
    exp.GT: Comparison.GT,
    exp.GTE: Comparison.GE,
}

# Names as people write them; what is missing here is named by its class or its function.
_CONSTRUCTS: dict[type[exp.Expr], str] = {
    exp.Or: "OR",
    exp.Xor: "XOR",
    exp.Not: "NOT",
    exp.Like: "LIKE",
    exp.RegexpLike: "REGEXP",
    exp.NullSafeEQ: "the operator <=>",
    exp.Case: "CASE",
    exp.Cast: "a cast or a typed literal",
    exp.Collate: "COLLATE",
    exp.Introducer: "a character set introducer",
    exp.National: "a national character literal",
    exp.Concat: "a concatenation of literals",
    exp.Select: "a subquery",
    exp.Subquery: "a subquery",
    exp.Exists: "EXISTS",
    exp.Any: "ANY",
    exp.All: "ALL",
    exp.Tuple: "a list of values",
    exp.Placeholder: "a placeholder",
    exp.Parameter: "a variable",
    exp.SessionParameter: "a variable",
    exp.Interval: "INTERVAL",
    exp.JSONExtract: "a JSON path",
    exp.JSONExtractScalar: "a JSON path",
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
    exp.Star: "* beside other columns",
}

_CLAUSES = {
    "with_": "WITH",
    "distinct": "DISTINCT",
    "joins": "a join",
    "laterals": "LATERAL",
    "group": "GROUP BY",
    "having": "HAVING",
    "order": "ORDER BY",
    "limit": "LIMIT",
    "offset": "OFFSET",
    "locks": "FOR UPDATE",
    "hint": "an optimizer hint",
    "windows": "WINDOW",
    "into": "INTO",
    "operation_modifiers": "a SELECT modifier",
    "alias": "a table alias",
    "hints": "an index hint",
    "partition": "PARTITION",
    "sample": "TABLESAMPLE",
}


def parse_selection(sql: str) -> Selection:
    """Raises RuleInvalid for text that is no SQL, RuleUnsupported naming the first construct that is not built.

    The key ranges that it names are checked too (KeyRangeInvalid).
    """
    try:
        select = _only_select(sql)
        database, table = _from(select)
        where = select.args.get("where")
        return Selection(database, table, _columns(select), _predicate(where.this) if where else ())
    except RecursionError:
        raise RuleInvalid("the filter is nested too deeply") from None


def _only_select(sql: str) -> exp.Select:
    try:
        tokens = tokenize(sql, read=_DIALECT)
        statements = [statement for statement in parse(sql, read=_DIALECT) if statement is not None]
    except SqlglotError as error:
        raise RuleInvalid(f"the filter is not SQL: {_reason(error)}") from None
    if any(comment.startswith(("!", "M!")) for token in tokens for comment in token.comments):
        raise RuleUnsupported("a conditional comment is not supported")
    if len(statements) != 1:
        raise RuleInvalid(f"the filter holds {len(statements)} statements; a rule is one SELECT")
    statement = statements[0]
    if isinstance(statement, exp.Subquery | exp.Paren) and isinstance(statement.this, exp.Select):
        raise RuleUnsupported(f"a SELECT in parentheses is not supported: {_shown(statement)}")
    if not isinstance(statement, exp.Select):
        if isinstance(statement, exp.SetOperation):
            _refuse(statement)
        raise RuleUnsupported(f"only SELECT is supported: {_shown(statement)}")
    if not statement.expressions:
        raise RuleInvalid("the SELECT names no columns")
    _refuse_clauses(statement, {"expressions", "from_", "where"})
    if tokens[0].text.upper() != "SELECT":
        # sqlglot also reads `FROM t` and `TABLE t` as a SELECT of everything.
        raise RuleUnsupported(f"only SELECT is supported, not {tokens[0].text.upper()}")
    return statement


def _reason(error: SqlglotError) -> str:
    details = getattr(error, "errors", None)
    if not details:
        return str(error).split("\n", 1)[0]
    first = details[0]
    # sqlglot names its own classes when an operand is missing.
    what = "incomplete expression" if first["description"].startswith("Required keyword") else first["description"]
    return f"{what} near {first['highlight']!r} (line {first['line']}, column {first['col']})"


def _refuse_clauses(node: exp.Expr, known: set[str]) -> None:
    for name, value in node.args.items():
        if value and name not in known:
            raise RuleUnsupported(f"{_CLAUSES.get(name, name.strip('_').upper())} is not supported")


def _from(select: exp.Select) -> tuple[str | None, str]:
    source = select.args.get("from_")
    if source is None:
        raise RuleInvalid("the SELECT has no FROM")
    _refuse_clauses(source, {"this"})
    table = source.this
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        raise RuleUnsupported(f"only a table is supported in FROM: {_shown(table)}")
    _refuse_clauses(table, {"this", "db"})
    return table.db or None, table.name


def _columns(select: exp.Select) -> tuple[str, ...] | None:
    items = select.expressions
    if len(items) == 1 and isinstance(items[0], exp.Star):
        _refuse_clauses(items[0], set())
        return None
    return tuple(_selected(item) for item in items)


def _selected(item: exp.Expr) -> str:
    if isinstance(item, exp.Alias):
        name = _selected(item.this)
        if item.alias.lower() != name.lower():
            raise RuleUnsupported(f"an alias that renames a column is not supported: {_shown(item)}")
        return name
    return _column(item)


def _column(node: exp.Expr) -> str:
    """The name of a plain column."""
    inner = node.unnest()
    if not isinstance(inner, exp.Column):
        _refuse(inner)
    if inner.table:
        raise RuleUnsupported(f"a qualified column name is not supported: {_shown(inner)}")
    _refuse_clauses(inner, {"this"})
    return inner.name


# ---- WHERE ----------------------------------------------------------------------------------------------------------
def _predicate(root: exp.Expr) -> tuple[Term, ...]:
    terms: list[Term] = []
    # AND is associative: a left-deep tree of thousands of terms becomes one opcode without recursion.
    pending = [root]
    while pending:
        node = pending.pop().unnest()
        if isinstance(node, exp.And):
            pending += [node.expression, node.this]
        else:
            terms += _term(node)
    return (*terms, And(len(terms))) if len(terms) > 1 else tuple(terms)


def _term(node: exp.Expr) -> list[Term]:
    visit = _VISITORS.get(type(node))
    if visit is None:
        if isinstance(node, exp.Column | exp.Literal | exp.Boolean | exp.Null):
            raise RuleUnsupported(f"a value as condition is not supported: {_shown(node)}")
        _refuse(node)
    return visit(node)


def _compare(node: exp.Expr) -> list[Term]:
    column, literal = _sides(node, node.args["expression"])
    return [CompareTerm(column, _COMPARISONS[type(node)], literal)]


def _sides(node: exp.Expr, right: exp.Expr) -> tuple[str, Literal]:
    left, right = node.this.unnest(), right.unnest()
    if _is_literal(left):
        both = (
            "literals on both sides are" if _is_literal(right) else "a literal on the left (write the column first) is"
        )
        raise RuleUnsupported(f"{both} not supported: {_shown(node)}")
    column = _column(left)
    if isinstance(right, exp.Column):
        raise RuleUnsupported(f"a comparison of two columns is not supported: {_shown(node)}")
    literal = _literal(right)
    if literal.value is None:
        raise RuleUnsupported(f"a comparison with NULL is never true (write IS NULL): {_shown(node)}")
    return column, literal


def _between(node: exp.Expr) -> list[Term]:
    _refuse_clauses(node, {"this", "low", "high"})
    column, low = _sides(node, node.args["low"])
    _, high = _sides(node, node.args["high"])
    _refuse_mixture([low, high], node)
    return [CompareTerm(column, Comparison.GE, low), CompareTerm(column, Comparison.LE, high)]


def _in(node: exp.Expr) -> list[Term]:
    if node.args.get("query"):
        _refuse(node.args["query"])
    _refuse_clauses(node, {"this", "expressions"})
    if not node.expressions:
        raise RuleInvalid(f"IN needs at least one value: {_shown(node)}")
    column = _column(node.this)
    literals = [_literal(item.unnest()) for item in node.expressions]
    _refuse_mixture(literals, node)
    return [InTerm(column, tuple(literals))]


def _refuse_mixture(literals: list[Literal], node: exp.Expr) -> None:
    # MySQL picks one type to compare in from all the values together; with one sort of values there is no choice.
    sorts = {float if isinstance(literal.value, float) else _sort(literal) for literal in literals} - {None}
    if len(sorts) > 1:
        raise RuleUnsupported(f"values of different types in one list are not supported: {_shown(node)}")


def _sort(literal: Literal) -> type | None:
    if literal.value is None:
        return None
    return int if isinstance(literal.value, int | Decimal) else type(literal.value)


def _is(node: exp.Expr) -> list[Term]:
    if not isinstance(node.args["expression"], exp.Null):
        raise RuleUnsupported(f"IS {_shown(node.args['expression'])} is not supported: {_shown(node)}")
    return [NullTerm(_column(node.this), negated=False)]


def _not(node: exp.Expr) -> list[Term]:
    # sqlglot spells IS NOT NULL this way. NOT (a IS NULL) is the same predicate; anything else below NOT is refused.
    inner = node.this.unnest()
    if isinstance(inner, exp.Is) and isinstance(inner.args["expression"], exp.Null):
        return [NullTerm(_column(inner.this), negated=True)]
    names: dict[type[exp.Expr], str] = {exp.In: "NOT IN", exp.Between: "NOT BETWEEN", exp.Like: "NOT LIKE"}
    raise RuleUnsupported(f"{names.get(type(inner), 'NOT')} is not supported: {_shown(node)}")


def _function(node: exp.Expr) -> list[Term]:
    if node.name.lower() != "in_keyrange":
        _refuse(node)
    *columns, last = (item.unnest() for item in node.expressions or [exp.Null()])
    if len(columns) == 1 or not node.expressions:
        raise RuleInvalid(
            f"in_keyrange takes a range, or columns, a vindex and a range, not {len(node.expressions)} arguments"
        )
    keyrange = KeyRange.parse(_text(last, "the range", node))
    if not columns:
        return [KeyRangeTerm((), None, keyrange)]
    *columns, vindex_node = columns
    vindex = _text(vindex_node, "the vindex", node)
    return [KeyRangeTerm(tuple(_column(column) for column in columns), vindex, keyrange)]


def _text(node: exp.Expr, what: str, call: exp.Expr) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        error = KeyRangeInvalid if what == "the range" else RuleInvalid
        raise error(f"in_keyrange wants {what} as quoted text: {_shown(call)}")
    return str(node.this)


_VISITORS: dict[type[exp.Expr], Callable[[exp.Expr], list[Term]]] = {
    **dict.fromkeys(_COMPARISONS, _compare),
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Not: _not,
    exp.Anonymous: _function,
}


# ---- literals -------------------------------------------------------------------------------------------------------
def _is_literal(node: exp.Expr) -> bool:
    if isinstance(node, exp.Neg):
        return isinstance(node.this, exp.Literal)
    return isinstance(node, exp.Literal | exp.Boolean | exp.Null | exp.HexString | exp.BitString)


def _literal(node: exp.Expr) -> Literal:
    sql = _shown(node)
    if isinstance(node, exp.Null):
        return Literal(None, sql)
    if isinstance(node, exp.Boolean):
        return Literal(int(node.this), sql)
    if isinstance(node, exp.HexString):
        digits = str(node.this)
        return Literal(bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)), sql)
    if isinstance(node, exp.BitString):
        bits = str(node.this)
        return Literal(int(bits or "0", 2).to_bytes((len(bits) + 7) // 8, "big"), sql)
    if isinstance(node, exp.Literal) and node.is_string:
        return Literal(str(node.this), sql)
    if isinstance(node, exp.Literal):
        return Literal(_number(str(node.this)), sql)
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
        return Literal(-_number(str(node.this.this)), sql)
    _refuse(node)


def _number(text: str) -> int | Decimal | float:
    if len(text) > _LONGEST_NUMBER:
        raise RuleInvalid(f"a number of {len(text)} characters is too long")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    value = float(text)
    if isinf(value):
        raise RuleInvalid(f"number {text} is out of range")
    return value


# ---- refusing -------------------------------------------------------------------------------------------------------
def _refuse(node: exp.Expr) -> NoReturn:
    raise RuleUnsupported(f"{_construct(node)} is not supported: {_shown(node)}")


def _construct(node: exp.Expr) -> str:
    named = _CONSTRUCTS.get(type(node))
    if named is not None:
        return named
    if isinstance(node, exp.Anonymous):
        return f"function {node.name}()"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Binary):
        return f"function {node.sql_name().lower()}()"
    if _is_literal(node):
        return "a literal in this place"
    if isinstance(node, exp.Binary | exp.Unary):
        return "an expression"
    return type(node).__name__


def _shown(node: exp.Expr) -> str:
    sql = node.sql(dialect=_DIALECT, comments=False)
    return sql if len(sql) <= _SHOWN else f"{sql[:_SHOWN]}..."
