"""All rules of one source: which rule a table has, and its plan. Made by `connector.cli`, asked by the stream."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass

from connector.model.errors import RuleUnsupported
from connector.model.keyrange import KeyRange, check_shards, is_key_range
from connector.model.plan import Plan
from connector.model.table import Table
from connector.rules.bind import Binder
from connector.rules.calls import FUNCTIONS
from connector.rules.internal import SYSTEM_DATABASES, is_internal_table
from connector.rules.parse import parse_selection
from connector.rules.rule import Rule, TableMatch, naming, parse_match
from connector.rules.syntax import CallTerm, KeyRangeTerm, Selection
from connector.rules.vschema import VSchema

EXCLUDE = "exclude"
"""The filter of a rule whose tables are not streamed."""

_FUNCTIONS = {*FUNCTIONS, "if", "case", "nullif", "keyspace_id"}
"""What `Expressions` computes for some arguments, by CallTerm.name."""

_LIKE_A_RANGE = re.compile(r"[0-9a-fA-F-]+")


@dataclass(frozen=True, slots=True)
class _Known:
    """A rule, read. `selection` is None for an excluding rule."""

    rule: Rule
    match: TableMatch
    selection: Selection | None


class RuleSet:
    """The rules in order; the first that matches a table decides."""

    def __init__(
        self, rules: Sequence[Rule], *, keyspace: str, vschema: VSchema, shards: tuple[KeyRange, ...] = ()
    ) -> None:
        """Raises what the rules alone show: RuleInvalid, RuleUnsupported, KeyRangeInvalid, VindexUnknown.

        `shards` are the partitions of the stream topic in order, as `parse_shards` returns them.
        """
        if shards:
            check_shards(shards)
        self._keyspace = keyspace
        self._vschema = vschema
        self._shards = shards
        self._known = tuple(_read(rule, keyspace) for rule in rules)
        for known in self._known:
            if known.selection is not None and known.selection.where is not None:
                with naming(known.rule):
                    _check_names(known.selection.where, vschema)

    def rule_for(self, database: str, table: str) -> Rule | None:
        """The rule of a table, None when no rule wants it."""
        known = self._find(database, table)
        return known.rule if known else None

    def exact_tables(self) -> list[tuple[str, str]]:
        """(database, table) of every rule that names one table: these have to exist at the source."""
        return [
            (known.match.database, known.match.table)
            for known in self._known
            if known.match.pattern is None and known.selection is not None
        ]

    def plan(self, table: Table, *, for_target: bool = False) -> Plan | None:
        """The plan for one table version, None when no rule wants the table.

        `for_target`: what only a MySQL target can compute becomes the plan's `target` and is no error. Raises
        RuleColumnUnknown, RuleUnsupported (an outcome that is not exact for the column), RuleInvalid, VindexMissing.
        """
        known = self._find(table.database, table.name)
        if known is None or known.selection is None:
            return None
        vindex = self._vschema.vindex_of(table.database, table.name, self._keyspace)
        with naming(known.rule):
            return Binder(table, vindex, self._vschema, for_target).plan(known.rule, known.selection, self._shards)

    def _find(self, database: str, table: str) -> _Known | None:
        if database.lower() in SYSTEM_DATABASES or is_internal_table(table):
            return None
        found = next((known for known in self._known if known.match.accepts(database, table)), None)
        return found if found and found.selection else None


def _read(rule: Rule, keyspace: str) -> _Known:
    with naming(rule):
        match = parse_match(rule.match, keyspace)
        return _Known(rule, match, _selection(rule.filter.strip(), match))


def _check_names(where: object, vschema: VSchema) -> None:
    """Functions of a WHERE, and the vindexes that in_keyrange names, exist and fit, whatever the table."""
    pending = [where]
    while pending:
        term = pending.pop()
        if isinstance(term, KeyRangeTerm) and term.vindex is not None:
            vschema.find_vindex(term.vindex, len(term.columns))
        if isinstance(term, CallTerm) and term.name not in _FUNCTIONS:
            raise RuleUnsupported(f"function {term.name}() is not supported", position=term.at or None)
        if is_dataclass(term):
            for part in fields(term):
                value = getattr(term, part.name)
                pending += value if isinstance(value, tuple) else (value,)


def _selection(text: str, match: TableMatch) -> Selection | None:
    if text.lower() == EXCLUDE:
        return None
    if not text:
        return Selection(None, match.table, None, None)
    # Text of digits and dashes alone was meant as a range, so that is what its error has to be about.
    if is_key_range(text) or _LIKE_A_RANGE.fullmatch(text):
        return Selection(None, match.table, None, KeyRangeTerm((), None, KeyRange.parse(text)))
    if match.pattern is not None:
        raise RuleUnsupported("a rule with a /regex/ takes an empty filter or one key range such as -80, not a SELECT")
    selection = parse_selection(text)
    if selection.table != match.table or selection.database not in (None, match.database):
        source = ".".join(filter(None, (selection.database, selection.table)))
        raise RuleUnsupported(f"the SELECT reads from {source}, the rule matches {match.database}.{match.table}")
    return selection
