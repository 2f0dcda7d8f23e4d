"""Expressions of a rule's SQL -> `syntax`. Called by `parse`.

What is not listed here is refused by its name: nothing of a rule is ever ignored. Where sqlglot's precedence could
differ from MySQL's, parentheses are asked for.
"""

from collections.abc import Callable

from sqlglot import exp

from connector.model.errors import KeyRangeInvalid, RowcastError, RuleInvalid
from connector.model.keyrange import KeyRange
from connector.model.plan import Comparison
from connector.rules.parse_literal import is_literal, is_temporal, literal, temporal
from connector.rules.refusal import invalid, place, position, refuse, shown, unsupported
from connector.rules.syntax import (
    AndTerm,
    BetweenTerm,
    CallTerm,
    ColumnName,
    CompareTerm,
    Expression,
    InTerm,
    KeyRangeTerm,
    LikeTerm,
    Literal,
    NotTerm,
    NullTerm,
    OrTerm,
    RegexpTerm,
    TruthTerm,
    XorTerm,
)

_COMPARISONS: dict[type[exp.Expr], Comparison] = {
    exp.EQ: Comparison.EQ,
    exp.NEQ: Comparison.NE,
    exp.LT: Comparison.LT,
    exp.LTE: Comparison.LE,
    exp.GT: Comparison.GT,
    exp.GTE: Comparison.GE,
    exp.NullSafeEQ: Comparison.NULL_SAFE_EQ,
}
_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "div",
    exp.Mod: "%",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
}
_LOGIC = (exp.And, exp.Or, exp.Xor, exp.Not)
# Predicates stand on one level in MySQL; sqlglot has two, so a chain of them is read differently.
_PREDICATES = (
    *_COMPARISONS,
    exp.Between,
    exp.In,
    exp.Is,
    exp.Like,
    exp.Escape,
    exp.RegexpLike,
    exp.JSONArrayContains,
)
_CAST_TYPES: dict[exp.DType, str] = {
    exp.DType.BIGINT: "signed",
    exp.DType.UBIGINT: "unsigned",
    exp.DType.DECIMAL: "decimal",
    exp.DType.DOUBLE: "double",
    exp.DType.CHAR: "char",
    exp.DType.BINARY: "binary",
    exp.DType.DATE: "date",
    exp.DType.DATETIME: "datetime",
}
# Other names of the same functions.
_SYNONYMS = {
    "lcase": "lower",
    "ucase": "upper",
    "mid": "substring",
    "substr": "substring",
    "character_length": "char_length",
    "octet_length": "length",
    "dayofmonth": "day",
    "mod": "%",
    "json_unquote": "json_unquote",
}


def refuse_parts(node: exp.Expr, known: set[str]) -> None:
    """Raises RuleUnsupported when the node has more than the named parts."""
    for name, value in node.args.items():
        if value and name not in known:
            unsupported(f"{name.strip('_').upper()} is not supported", node)


def expression(node: exp.Expr) -> Expression:
    """One expression. Errors: RuleInvalid, RuleUnsupported, KeyRangeInvalid, all with a position."""
    node = node.unnest()
    if is_temporal(node):
        return temporal(node)
    if is_literal(node):
        return literal(node)
    visit = _VISITORS.get(type(node))
    if visit is None:
        refuse(node)
    return visit(node)


def column(node: exp.Expr) -> ColumnName:
    """A plain column."""
    inner = node.unnest()
    if not isinstance(inner, exp.Column):
        refuse(inner)
    if inner.table:
        unsupported("a qualified column name is not supported", inner)
    refuse_parts(inner, {"this"})
    return ColumnName(inner.name, position(inner))


# ---- logic ----------------------------------------------------------------------------------------------------------
def _connected(node: exp.Expr) -> Expression:
    # AND and OR are associative: a left-deep tree of thousands of terms becomes one node without recursion.
    kind = type(node)
    terms: list[Expression] = []
    pending = [node]
    while pending:
        part = pending.pop().unnest()
        if type(part) is kind:
            pending += [part.args["expression"], part.this]
        else:
            terms.append(expression(part))
    at = position(node)
    return AndTerm(tuple(terms), at) if kind is exp.And else OrTerm(tuple(terms), at)


def _xor(node: exp.Expr) -> Expression:
    return XorTerm(expression(node.this), expression(node.args["expression"]), position(node))


def _not(node: exp.Expr) -> Expression:
    # sqlglot spells IS NOT this way; NOT (a IS NULL) means the same.
    inner = node.this.unnest()
    term = expression(inner)
    if isinstance(term, NullTerm):
        return NullTerm(term.value, not term.negated, term.at)
    if isinstance(term, TruthTerm):
        return TruthTerm(term.condition, term.truth, not term.negated, term.at)
    return NotTerm(term, position(node))


# ---- predicates -----------------------------------------------------------------------------------------------------
def _operand(node: exp.Expr) -> Expression:
    if isinstance(node, (*_PREDICATES, *_LOGIC)):
        unsupported("a condition as operand needs parentheses", node)
    return expression(node)


def _compare(node: exp.Expr) -> Expression:
    term = CompareTerm(_COMPARISONS[type(node)], _operand(node.this), _operand(node.args["expression"]), position(node))
    _refuse_null(node, term.op, term.left, term.right)
    return term


def _refuse_null(node: exp.Expr, op: Comparison | None, *operands: Expression) -> None:
    if op is not Comparison.NULL_SAFE_EQ and any(isinstance(it, Literal) and it.value is None for it in operands):
        unsupported("a comparison with NULL is never true (write IS NULL)", node)


def _between(node: exp.Expr) -> Expression:
    refuse_parts(node, {"this", "low", "high"})
    low, high = _operand(node.args["low"]), _operand(node.args["high"])
    term = BetweenTerm(_operand(node.this), low, high, position(node))
    _refuse_null(node, None, term.value, low, high)
    return term


def _in(node: exp.Expr) -> Expression:
    if node.args.get("query"):
        refuse(node.args["query"])
    refuse_parts(node, {"this", "expressions"})
    if not node.expressions:
        invalid("IN needs at least one value", node)
    return InTerm(_operand(node.this), tuple(expression(item) for item in node.expressions), position(node))


def _is(node: exp.Expr) -> Expression:
    right = node.args["expression"]
    if isinstance(right, exp.Null):
        return NullTerm(_operand(node.this), False, position(node))
    if isinstance(right, exp.Boolean):
        return TruthTerm(_operand(node.this), bool(right.this), False, position(node))
    unsupported(f"IS {shown(right)} is not supported", node)


def _like(node: exp.Expr) -> Expression:
    return _like_with(node, "\\")


def _escaped(node: exp.Expr) -> Expression:
    escape = node.args["expression"]
    if not isinstance(node.this, exp.Like) or not isinstance(escape, exp.Literal) or not escape.is_string:
        unsupported("ESCAPE takes quoted text after LIKE", node)
    if len(str(escape.this)) > 1:
        invalid("ESCAPE takes one character", node)
    return _like_with(node.this, str(escape.this))


def _like_with(node: exp.Expr, escape: str) -> Expression:
    refuse_parts(node, {"this", "expression", "negate"})
    term = LikeTerm(_operand(node.this), _operand(node.args["expression"]), escape, position(node))
    return NotTerm(term, term.at) if node.args.get("negate") else term


def _regexp(node: exp.Expr) -> Expression:
    refuse_parts(node, {"this", "expression"})
    return RegexpTerm(_operand(node.this), _operand(node.args["expression"]), position(node))


# ---- functions ------------------------------------------------------------------------------------------------------
def _arithmetic(node: exp.Expr) -> Expression:
    operands = (_operand(node.this), _operand(node.args["expression"]))
    return CallTerm(_OPERATORS[type(node)], operands, (), position(node))


def _negative(node: exp.Expr) -> Expression:
    return CallTerm("neg" if isinstance(node, exp.Neg) else "~", (_operand(node.this),), (), position(node))


def _function(node: exp.Expr) -> Expression:
    name = node.name.lower()
    if name == "in_keyrange":
        return _key_range(node)
    arguments = tuple(expression(argument) for argument in node.expressions)
    if name == "json_extract":
        return _extract(arguments, node)
    return CallTerm(_SYNONYMS.get(name, name), arguments, (), position(node))


def _substring(node: exp.Expr) -> Expression:
    refuse_parts(node, {"this", "start", "length"})
    parts = (node.this, node.args.get("start"), node.args.get("length"))
    return CallTerm("substring", tuple(expression(part) for part in parts if part), (), position(node))


def _json_arrow(node: exp.Expr) -> Expression:
    path = literal(node.args["expression"]) if is_literal(node.args["expression"]) else None
    if not isinstance(node.this, exp.Column):
        invalid("-> and ->> take a column on the left", node)
    found = _extract((column(node.this), *([path] if path else ())), node)
    return CallTerm("json_unquote", (found,), (), found.at) if isinstance(node, exp.JSONExtractScalar) else found


def _extract(arguments: tuple[Expression, ...], node: exp.Expr) -> CallTerm:
    if len(arguments) == 2 and isinstance(arguments[1], Literal) and isinstance(arguments[1].value, str):
        return CallTerm("json_extract", arguments[:1], (arguments[1].value,), position(node))
    unsupported("a JSON path is one quoted text", node)


def _cast(node: exp.Expr) -> Expression:
    refuse_parts(node, {"this", "to", "_type"})
    to = node.args["to"]
    if to.this is exp.DType.CHARACTER_SET and to.args.get("nested") is None:
        return CallTerm("convert_using", (expression(node.this),), (to.args["kind"].name.lower(),), position(node))
    kind = _CAST_TYPES.get(to.this)
    if kind is None:
        unsupported("a cast to this type is not supported", node)
    refuse_parts(to, {"this", "expressions"})
    sizes = tuple(_size(parameter, node) for parameter in to.expressions)
    return CallTerm("cast", (expression(node.this),), (kind, *sizes), position(node))


def _size(parameter: exp.Expr, node: exp.Expr) -> int:
    text = parameter.this.name if isinstance(parameter.this, exp.Literal) else ""
    if not text.isdigit() or len(text) > 9:
        invalid("a type's size is a number", node)
    return int(text)


def _if(node: exp.Expr) -> Expression:
    parts = (node.this, node.args.get("true"), node.args.get("false"))
    if not all(parts):
        invalid("IF takes a condition and two values", node)
    return CallTerm("if", tuple(expression(part) for part in parts if part), (), position(node))


def _case(node: exp.Expr) -> Expression:
    """CASE as IFs; CASE a WHEN b is CASE WHEN a = b."""
    arguments: list[Expression] = []
    for branch in node.args["ifs"]:
        condition = expression(branch.this)
        if node.this is not None:
            condition = CompareTerm(Comparison.EQ, expression(node.this), condition, position(branch))
        arguments += [condition, expression(branch.args["true"])]
    default = node.args.get("default")
    arguments.append(expression(default) if default else Literal(None, "NULL"))
    return CallTerm("case", tuple(arguments), (), position(node))


def _key_range(node: exp.Expr) -> Expression:
    *columns, last = (item.unnest() for item in node.expressions or [exp.Null()])
    if len(columns) == 1 or not node.expressions:
        count = len(node.expressions)
        invalid(f"in_keyrange takes a range, or columns, a vindex and a range, not {count} arguments", node)
    text = _text(last, "the range", node)
    try:
        keyrange = KeyRange.parse(text)
    except KeyRangeInvalid as error:
        raise KeyRangeInvalid(error.what, hint=error.specific_hint, position=place(node)) from None
    if not columns:
        return KeyRangeTerm((), None, keyrange, position(node))
    *columns, vindex_node = columns
    vindex = _text(vindex_node, "the vindex", node)
    return KeyRangeTerm(tuple(column(each).name for each in columns), vindex, keyrange, position(node))


def _text(node: exp.Expr, what: str, call: exp.Expr) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        error: type[RowcastError] = KeyRangeInvalid if what == "the range" else RuleInvalid
        raise error(f"in_keyrange wants {what} as quoted text: {shown(call)}", position=place(call))
    return str(node.this)


_VISITORS: dict[type[exp.Expr], Callable[[exp.Expr], Expression]] = {
    **dict.fromkeys(_COMPARISONS, _compare),
    **dict.fromkeys(_OPERATORS, _arithmetic),
    exp.And: _connected,
    exp.Or: _connected,
    exp.Xor: _xor,
    exp.Not: _not,
    exp.Column: column,
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: _like,
    exp.Escape: _escaped,
    exp.RegexpLike: _regexp,
    exp.Anonymous: _function,
    exp.Neg: _negative,
    exp.BitwiseNot: _negative,
    exp.Substring: _substring,
    exp.JSONExtract: _json_arrow,
    exp.JSONExtractScalar: _json_arrow,
    exp.Cast: _cast,
    exp.If: _if,
    exp.Case: _case,
}
