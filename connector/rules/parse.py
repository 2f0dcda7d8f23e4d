"""A rule's SQL -> `syntax.Selection`, the door to sqlglot. Called by `ruleset` when a rule set is made.

What is not listed here is refused by its name (RuleUnsupported): nothing of a rule is ever ignored.
"""

from sqlglot import exp, parse, tokenize
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from connector.model.errors import RuleInvalid, RuleUnsupported
from connector.rules.dialect import RuleSql
from connector.rules.foreign import deterministic
from connector.rules.parse_expression import column, expression, refuse_parts
from connector.rules.refusal import invalid, place, position, refuse, shown, unsupported
from connector.rules.syntax import Aggregated, CallTerm, ColumnName, Expression, Foreign, Literal, Selected, Selection

_CLAUSES = {
    "with_": "WITH",
    "distinct": "DISTINCT",
    "joins": "a join",
    "laterals": "LATERAL",
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

    The key ranges that it names are checked too (KeyRangeInvalid). Errors have a `position` in the SQL.
    """
    try:
        select = _only_select(sql)
        database, table = _from(select)
        where = select.args.get("where")
        condition = expression(where.this) if where else None
        return Selection(database, table, _columns(select, table), condition, _group_by(select))
    except RecursionError:
        raise RuleInvalid("the filter is nested too deeply", position=1) from None


def _only_select(sql: str) -> exp.Select:
    tokens: list[Token] = []
    try:
        tokens = tokenize(sql, read=RuleSql)
        _refuse_tokens(tokens)
        statements = [statement for statement in parse(sql, read=RuleSql) if statement is not None]
    except SqlglotError as error:
        raise _not_sql(error, sql, tokens) from None
    if len(statements) != 1:
        raise RuleInvalid(f"the filter holds {len(statements)} statements; a rule is one SELECT", position=1)
    statement = statements[0]
    if isinstance(statement, exp.Subquery | exp.Paren) and isinstance(statement.this, exp.Select):
        unsupported("a SELECT in parentheses is not supported", statement)
    if not isinstance(statement, exp.Select):
        if isinstance(statement, exp.SetOperation):
            refuse(statement)
        raise RuleUnsupported(f"only SELECT is supported: {shown(statement)}", position=1)
    if not statement.expressions:
        raise RuleInvalid("the SELECT names no columns", position=1)
    _refuse_clauses(statement, {"expressions", "from_", "where", "group"})
    if tokens[0].text.upper() != "SELECT":
        # sqlglot also reads `FROM t` and `TABLE t` as a SELECT of everything.
        raise RuleUnsupported(f"only SELECT is supported, not {tokens[0].text.upper()}", position=1)
    return statement


def _refuse_tokens(tokens: list[Token]) -> None:
    """What sqlglot reads as something else before anyone can see it in the tree."""
    for token in tokens:
        if any(comment.startswith(("!", "M!")) for comment in token.comments):
            raise RuleUnsupported("a conditional comment is not supported", position=token.start + 1)
        if token.token_type is TokenType.DPIPE:
            raise RuleUnsupported(
                "|| is not supported: it is OR or CONCAT, by the server's sql_mode",
                hint="Write OR, or CONCAT(a, b).",
                position=token.start + 1,
            )


def _not_sql(error: SqlglotError, sql: str, tokens: list[Token]) -> RuleInvalid:
    details = getattr(error, "errors", None)
    if not details:
        return RuleInvalid(f"the filter is not SQL: {str(error).split(chr(10), 1)[0]}", position=len(sql) or 1)
    first = details[0]
    # sqlglot names its own classes when an operand is missing.
    what = "incomplete expression" if first["description"].startswith("Required keyword") else first["description"]
    place = (token.start for token in tokens if (token.line, token.col) == (first["line"], first["col"]))
    return RuleInvalid(f"the filter is not SQL: {what} near {first['highlight']!r}", position=next(place, 0) + 1)


def _refuse_clauses(node: exp.Expr, known: set[str]) -> None:
    for name, value in node.args.items():
        if value and name not in known:
            clause = _CLAUSES.get(name, name.strip("_").upper())
            inner = value[0] if isinstance(value, list) else value
            where = place(inner) if isinstance(inner, exp.Expr) else None
            raise RuleUnsupported(f"{clause} is not supported", position=where or place(node))


def _from(select: exp.Select) -> tuple[str | None, str]:
    source = select.args.get("from_")
    if source is None:
        raise RuleInvalid("the SELECT has no FROM", position=1)
    _refuse_clauses(source, {"this"})
    table = source.this
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        unsupported("only a table is supported in FROM", table)
    _refuse_clauses(table, {"this", "db"})
    return table.db or None, table.name


# ---- the select list ------------------------------------------------------------------------------------------------
def _columns(select: exp.Select, table: str) -> tuple[Selected, ...] | None:
    items = select.expressions
    if len(items) == 1:
        (only,) = items
        if isinstance(only, exp.Column) and isinstance(only.this, exp.Star) and only.table == table and not only.db:
            only = only.this
        if isinstance(only, exp.Star):
            _refuse_clauses(only, set())
            return None
    return tuple(_selected(item) for item in items)


def _selected(item: exp.Expr) -> Selected:
    alias = item.alias if isinstance(item, exp.Alias) else ""
    node = (item.this if isinstance(item, exp.Alias) else item).unnest()
    at = position(item)
    value = _aggregate(node) or _evaluable(node)
    if isinstance(value, ColumnName):
        return Selected(value, alias or value.name, shown(node), at=at)
    sql = node.sql(dialect=RuleSql, comments=False)
    if isinstance(value, Literal) and value.value == 1 and not alias:
        alias = "1"  # Vitess's name for a row of nothing else
    if isinstance(value, CallTerm) and value.name == "keyspace_id":
        alias = alias or "keyspace_id"
    if not alias:
        unsupported("an expression in the select list needs a name (AS name)", node)
    return Selected(value, alias, sql, deterministic(node), at)


def _evaluable(node: exp.Expr) -> Expression | Foreign:
    """The expression, or what a target needs for it when rowcast has no such construct."""
    try:
        return expression(node)
    except RuleUnsupported as error:
        if not deterministic(node):
            raise
        columns = tuple(column(each) for each in node.find_all(exp.Column))
        return Foreign(columns, error.what, position(node))


def _aggregate(node: exp.Expr) -> Aggregated | None:
    name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
    if name not in ("count", "sum"):
        return None
    if len(node.expressions) == 1 and name == "count" and isinstance(node.expressions[0], exp.Star):
        return Aggregated(None, position(node))
    if len(node.expressions) == 1 and name == "sum":
        return Aggregated(column(node.expressions[0]), position(node))
    unsupported("only count(*) and sum(column) are supported as aggregates", node)


def _group_by(select: exp.Select) -> tuple[str, ...]:
    group = select.args.get("group")
    if group is None:
        return ()
    refuse_parts(group, {"expressions"})
    if not group.expressions:
        invalid("GROUP BY names no columns", group)
    return tuple(column(item).name for item in group.expressions)
