"""The proof of the demo and of the fault tests: targets equal the source row by row, topics hold every change once.

Raises `Disproof` with the first difference; returns what was compared otherwise.
"""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.cli.demo.shop import DATABASE, TABLES
from connector.cli.demo.writer import ChangeLog, Key
from connector.model.keyrange import KeyRange
from connector.model.plan import VindexRef
from connector.model.table import Row, Table
from connector.mysql.address import ServerAddress
from connector.mysql.connection import connect
from connector.mysql.introspect import read_tables
from connector.mysql.snapshot import Snapshot
from connector.vindex.registry import build


class Disproof(Exception):
    """The first difference that was found."""


@dataclass(frozen=True, slots=True)
class ShardProof:
    """What was compared."""

    rows: int
    per_shard: tuple[int, ...]


def compare_shards(source: ServerAddress, shards: Mapping[str, ServerAddress]) -> ShardProof:
    """Every source row is in exactly the shard its key range names, with equal cells; shards hold nothing else."""
    total = 0
    per_shard = dict.fromkeys(shards, 0)
    ranges = {name: KeyRange.parse(name) for name in shards}
    vindex = build(VindexRef("hash"))
    expected_rows = _rows(source)
    actual_rows = {name: _rows(address) for name, address in shards.items()}
    for shop_table in TABLES:
        table, rows = expected_rows[shop_table.name]
        column = table.index_of(shop_table.shard_by)
        assert column is not None
        expected: dict[str, dict[Key, Row]] = {name: {} for name in shards}
        for key, row in rows.items():
            keyspace_id = vindex.map((row[column],))
            home = next(name for name, keyrange in ranges.items() if keyrange.contains(keyspace_id))
            expected[home][key] = row
        for name in shards:
            _same(shop_table.name, name, expected[name], actual_rows[name][shop_table.name][1])
            per_shard[name] += len(expected[name])
        total += len(rows)
    return ShardProof(total, tuple(per_shard.values()))


def _same(table: str, shard: str, expected: dict[Key, Row], actual: dict[Key, Row]) -> None:
    for key, row in expected.items():
        if key not in actual:
            raise Disproof(f"{table} {key}: missing in shard {shard}")
        if actual[key] != row:
            raise Disproof(f"{table} {key}: shard {shard} has {actual[key]}, the source {row}")
    if extra := actual.keys() - expected.keys():
        raise Disproof(f"{table} {min(extra, key=repr)}: shard {shard} has a row that does not belong there")


def _rows(address: ServerAddress) -> dict[str, tuple[Table, dict[Key, Row]]]:
    with connect(address) as connection:
        tables = read_tables(connection, DATABASE)
    wanted = [tables[table.name] for table in TABLES]
    snapshot = Snapshot(address, wanted)
    snapshot.open()
    try:
        return {
            table.name: (table, {_key(table, row): row for batch in snapshot.rows(table) for row in batch})
            for table in wanted
        }
    finally:
        snapshot.close()


def _key(table: Table, row: Row) -> Key:
    return tuple(row[index] for index in table.primary_key)


@dataclass(frozen=True, slots=True)
class FeedProof:
    """What was compared."""

    copied: int
    changes: int


def compare_feed(
    records: Iterable[tuple[str, object, object]],
    loaded: Mapping[str, int],
    log: ChangeLog,
    tables: Mapping[str, Table],
) -> FeedProof:
    """Table topics against the writer's log: every change once, in order per key, after one `r` per loaded row.

    `records`: (table, decoded key, decoded value) in partition order; tombstones have value None.
    """
    read: dict[tuple[str, Key], list[str]] = defaultdict(list)
    copied: dict[str, int] = defaultdict(int)
    changes = 0
    for name, key, value in records:
        if value is None:
            continue  # tombstone of the delete before it
        assert isinstance(key, Mapping)
        assert isinstance(value, Mapping)
        operation = value["op"]
        if operation == "r":
            copied[name] += 1
        else:
            read[(name, _feed_key(tables[name], key))].append(operation)
            changes += 1
    if dict(copied) != dict(loaded):
        raise Disproof(f"copied rows: the topics have {dict(copied)}, the source had {dict(loaded)}")
    written: dict[tuple[str, Key], list[str]] = defaultdict(list)
    for table, operation, key in log.changes:
        written[(table, _shown(key))].append(operation)
    for where, operations in written.items():
        if read.get(where) != operations:
            raise Disproof(f"{where}: the topic has {read.get(where)}, the writer did {operations}")
    if extra := read.keys() - written.keys():
        raise Disproof(f"{min(extra, key=repr)}: the topic has a change that nobody made")
    return FeedProof(sum(copied.values()), changes)


def _feed_key(table: Table, key: Mapping[str, object]) -> Key:
    return _shown([key[table.columns[index].name] for index in table.primary_key])


def _shown(cells: Iterable[object]) -> Key:
    """A key as decoded messages show it: bytes as base64, numbers as text (BIGINT UNSIGNED travels as a decimal)."""
    return tuple(b64encode(cell).decode() if isinstance(cell, bytes) else str(cell) for cell in cells)
