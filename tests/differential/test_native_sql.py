"""The native core writes the same SQL for a row image as `sinks.mysql.statements` does for the row.

Collected only where the native core is built (see conftest).
"""

from dataclasses import replace
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.encode.rows import RowEncoder
from connector.model.errors import MessageInvalid
from connector.model.message import FOREIGN_KEY_CHECKS_OFF, Body, Change, Copy, Transaction
from connector.model.table import Row, Table
from sinks.images import row_reader
from sinks.mysql.batching import Statement, StatementBatcher
from sinks.mysql.statements import TableStatements, TargetTable
from tests.differential.native_cases import ROWS, TABLE, recorded_types

CORE = import_module("rowcast_native")
CHANGES = st.lists(st.tuples(st.none() | ROWS, st.none() | ROWS).filter(any), max_size=8)


def batches(table: Table, bodies: list[Body], *, native: bool, generated: frozenset[str]) -> list[Statement]:
    """The statements of one path."""
    names = frozenset(column.name.lower() for column in table.columns)
    target = TargetTable(table.name, names, generated)
    statements = TableStatements("target", table, target, CORE if native else None)
    assert (statements.texts is not None) is native
    reader = row_reader(table)
    return list(StatementBatcher(lambda _: statements, lambda _, image: reader(image), 1 << 24).statements(bodies))


def same(table: Table, bodies: list[Body], generated: frozenset[str] = frozenset()) -> list[Statement]:
    """What both paths make of it."""
    native = batches(table, bodies, native=True, generated=generated)
    assert native == batches(table, bodies, native=False, generated=generated)
    return native


def transaction(table: Table, rows: list[tuple[Row | None, Row | None]], flags: int = 0) -> Transaction:
    """Changes with their images."""
    encode = RowEncoder(table).encode

    def image(row: Row | None) -> bytes | None:
        return None if row is None else encode(row)

    return Transaction(tuple(Change(1, flags, image(before), image(after)) for before, after in rows))


@pytest.mark.parametrize("keyed", [True, False])
def test_every_type(keyed: bool) -> None:
    written = 0
    for _, _, tables in recorded_types():
        for _, found, rows in tables:
            table = found if keyed and found.primary_key else replace(found, primary_key=())
            pairs = [(before, after) for row in rows for before, after in ((None, row), (row, row), (row, None))]
            images = tuple(RowEncoder(table).encode(row) for row in rows)
            written += len(same(table, [transaction(table, pairs), Copy(1, images, None, True)]))
    assert written > 500


@given(changes=CHANGES, flags=st.sampled_from([0, FOREIGN_KEY_CHECKS_OFF]), several=st.booleans(), some=st.booleans())
def test_any_row(changes: list[tuple[Row | None, Row | None]], flags: int, several: bool, some: bool) -> None:
    table = replace(TABLE, primary_key=(0, 2)) if several else TABLE
    same(table, [transaction(table, changes, flags)], frozenset({"small", "kind"}) if some else frozenset())


@given(image=st.binary(max_size=40))
def test_bytes_that_are_no_image(image: bytes) -> None:
    """Refused, or the same text; never another error."""
    bodies: list[Body] = [Copy(1, (image,), None, True)]
    try:
        native = batches(TABLE, bodies, native=True, generated=frozenset())
    except MessageInvalid:
        return
    assert native == batches(TABLE, bodies, native=False, generated=frozenset())
