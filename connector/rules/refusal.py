"""Refusing a construct of a rule's SQL: by its name, as written, with its place. Called by the parsing modules."""

from typing import NoReturn

from sqlglot import exp

from connector.model.errors import RuleInvalid, RuleUnsupported

DIALECT = "mysql"
_SHOWN = 80  # characters of a construct that an error message repeats

# Names as people write them; what is missing here is named by its class or its function.
_CONSTRUCTS: dict[type[exp.Expr], str] = {
    exp.Soundex: "SOUNDS LIKE",
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
    exp.JSONArrayContains: "MEMBER OF",
    exp.Union: "UNION",
    exp.Except: "EXCEPT",
    exp.Intersect: "INTERSECT",
    exp.Star: "* beside other columns",
    exp.Collate: "COLLATE in this place",
    exp.MatchAgainst: "MATCH AGAINST",
}


def refuse(node: exp.Expr) -> NoReturn:
    """Raises RuleUnsupported naming the construct."""
    unsupported(f"{_construct(node)} is not supported", node)


def unsupported(what: str, node: exp.Expr) -> NoReturn:
    """Raises RuleUnsupported: `what`, and the construct as written."""
    raise RuleUnsupported(f"{what}: {shown(node)}", position=place(node))


def invalid(what: str, node: exp.Expr) -> NoReturn:
    """Raises RuleInvalid: `what`, and the construct as written."""
    raise RuleInvalid(f"{what}: {shown(node)}", position=place(node))


def position(node: exp.Expr) -> int:
    """Where the construct, or what it stands in, begins; 1 = the first character of the SQL, 0 = not known."""
    around: exp.Expr | None = node
    while around is not None:
        starts = [part.meta["start"] for part in around.walk() if "start" in part.meta]
        if starts:
            return int(min(starts)) + 1
        # Some nodes know no place; what they stand in begins before them.
        around = around.parent
    return 0


def place(node: exp.Expr) -> int | None:
    """`position` for the context of an error."""
    return position(node) or None


def shown(node: exp.Expr) -> str:
    """The construct as SQL, shortened."""
    sql = node.sql(dialect=DIALECT, comments=False)
    return sql if len(sql) <= _SHOWN else f"{sql[:_SHOWN]}..."


def _construct(node: exp.Expr) -> str:
    named = _CONSTRUCTS.get(type(node))
    if named is not None:
        return named
    if isinstance(node, exp.Anonymous):
        return f"function {node.name}()"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Binary):
        return f"function {node.sql_name().lower()}()"
    if isinstance(node, exp.Literal | exp.Boolean | exp.Null | exp.HexString | exp.BitString | exp.Neg):
        return "a literal in this place"
    if isinstance(node, exp.Binary | exp.Unary):
        return "an expression in this place"
    return type(node).__name__
