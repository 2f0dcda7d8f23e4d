"""Row changes as few statements as possible, in an order that cannot be told from the source's. Pure; for the applier.

Consecutive changes of one table and one kind become multi-row INSERTs and DELETEs; updates stay one statement a row.
Nothing is moved past a change of another kind or table, so unique keys and foreign keys see the source's order.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from connector.model.errors import MessageInvalid, TransactionTooLarge
from connector.model.message import FOREIGN_KEY_CHECKS_OFF, Body, Copy, Transaction
from connector.model.table import Row
from sinks.mysql.statements import TableStatements

STATEMENT_BYTES = 1024 * 1024
PACKET_RESERVE_BYTES = 64
KEYS_PER_DELETE = 1_000  # far below where MySQL's range optimizer gives up and scans the table
LONGEST_CHARACTER_BYTES = 4

Kind = Literal["insert", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `rows` = how many rows it must change (match, for an update)."""

    sql: bytes
    table: str
    kind: Kind
    rows: int
    foreign_key_checks: bool


@dataclass(slots=True)
class _Run:
    """A multi-row statement in the making."""

    statements: TableStatements
    kind: Kind
    foreign_key_checks: bool
    strict: bool
    items: list[str]
    size: int = 0


class StatementBatcher:
    """Turns message bodies into statements; keeps nothing from one call of `statements` to the next."""

    def __init__(
        self,
        tables: Callable[[int], TableStatements],
        row: Callable[[int, bytes], Row],
        max_allowed_packet: int,
        statement_bytes: int = STATEMENT_BYTES,
    ) -> None:
        """`tables` and `row` take the registry id of a row schema; sizes in bytes."""
        self._tables = tables
        self._row = row
        self._packet = max_allowed_packet - PACKET_RESERVE_BYTES
        # Sizes are counted in characters while a statement grows.
        self._limit = min(statement_bytes, self._packet // LONGEST_CHARACTER_BYTES)

    def statements(self, bodies: Iterable[Body]) -> Iterator[Statement]:
        """The statements of these bodies, lazily; the caller runs each before it asks for the next."""
        run: _Run | None = None
        for kind, statements, table, before, after, checks in self._changes(bodies):
            if kind == "update" or (kind == "delete" and not statements.deletes_together):
                if run:
                    yield self._finish(run)
                    run = None
                yield self._single(kind, statements, table, before, after, checks)
                continue
            if kind == "insert":
                item, strict = self._values(statements, table, after)
            else:
                item, strict = self._key(statements, table, before), True
            if run and not (
                run.statements is statements
                and run.kind == kind
                and run.foreign_key_checks == checks
                and run.strict == strict
                and run.size + len(item) < self._limit
                and (kind == "insert" or len(run.items) < KEYS_PER_DELETE)
            ):
                yield self._finish(run)
                run = None
            if run is None:
                run = _Run(statements, kind, checks, strict, [])
            run.items.append(item)
            run.size += len(item) + 1
        if run:
            yield self._finish(run)

    def _changes(self, bodies: Iterable[Body]) -> Iterator[tuple[Kind, TableStatements, int, bytes, bytes, bool]]:
        tables = self._tables
        for body in bodies:
            match body:
                case Transaction(changes):
                    for change in changes:
                        kind = _kind(change.before, change.after)
                        checks = not change.flags & FOREIGN_KEY_CHECKS_OFF
                        images = change.before or b"", change.after or b""
                        yield kind, tables(change.table), change.table, *images, checks
                case Copy(table, rows):
                    # Parents may be copied after their children.
                    statements = tables(table)
                    for image in rows:
                        yield "insert", statements, table, b"", image, False

    def _values(self, statements: TableStatements, table: int, image: bytes) -> tuple[str, bool]:
        if statements.texts and (found := statements.texts.values(image)):
            return found
        row = self._row(table, image)
        return statements.values(row), statements.strict(row)

    def _key(self, statements: TableStatements, table: int, image: bytes) -> str:
        if statements.texts and (found := statements.texts.key(image)):
            return found
        return statements.key(self._row(table, image))

    def _single(
        self, kind: Kind, statements: TableStatements, table: int, before: bytes, after: bytes, checks: bool
    ) -> Statement:
        if kind == "delete":
            sql = statements.delete(self._row(table, before))
        else:
            sql = self._update(statements, table, before, after)
        return self._statement(sql, statements, kind, 1, checks)

    def _update(self, statements: TableStatements, table: int, before: bytes, after: bytes) -> str:
        texts = statements.texts
        # Without a key the condition is about every column: made from the row.
        condition = texts and statements.keyed and texts.condition(before)
        if texts and condition and (found := texts.assignments(after)):
            assignments, strict = found
            return statements.update_of(assignments, condition, strict=strict)
        return statements.update(self._row(table, before), self._row(table, after))

    def _finish(self, run: _Run) -> Statement:
        if run.kind == "insert":
            sql = run.statements.insert(run.items, strict=run.strict)
        else:
            sql = run.statements.delete_many(run.items)
        return self._statement(sql, run.statements, run.kind, len(run.items), run.foreign_key_checks)

    def _statement(self, text: str, statements: TableStatements, kind: Kind, rows: int, checks: bool) -> Statement:
        sql = text.encode()
        if len(sql) > self._packet:
            raise TransactionTooLarge(
                "a row is larger than the target accepts",
                table=statements.table,
                statement_bytes=len(sql),
                max_allowed_packet=self._packet + PACKET_RESERVE_BYTES,
            )
        return Statement(sql, statements.table, kind, rows, checks)


def _kind(before: bytes | None, after: bytes | None) -> Kind:
    if before is not None:
        return "delete" if after is None else "update"
    if after is None:
        raise MessageInvalid("a change has neither a before nor an after image")
    return "insert"
