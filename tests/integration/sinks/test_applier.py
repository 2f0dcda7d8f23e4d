"""The MySQL sink on a real server: ownership, fencing, chunks, conflicts, errors."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connector.model.errors import (
    RowcastError,
    StreamFenced,
    TargetColumnMissing,
    TargetConflict,
    TargetFailed,
    TargetRowMissing,
    TargetSettingUnsupported,
    TargetTableMissing,
    TargetUnreachable,
    TransactionTooLarge,
)
from connector.model.message import FOREIGN_KEY_CHECKS_OFF, Body, CopyCompleted, StreamMessage, Transaction
from connector.model.table import Column, SqlType, Table
from sinks.mysql.applier import MySqlSink
from sinks.protocol import Batch, Durable, State
from tests.integration.sinks.conftest import NewSink, Target
from tests.unit.sinks.streams import ITEM, PickleDecoder, change, copy, insert, message


def batch(*messages: StreamMessage, offset: int | None = None, state: State = State.RUNNING) -> Batch:
    newest = messages[-1]
    progress = Durable(
        offset=newest.seq if offset is None else offset,
        seq=newest.seq,
        position=newest.position,
        state=state,
        commit_ts_us=newest.commit_ts_us,
    )
    return Batch(messages, progress)


def apply(sink: MySqlSink, *bodies: Body, seq: int = 1) -> None:
    sink.apply(batch(*[message(number, body) for number, body in enumerate(bodies, seq)]))


def test_the_first_start_makes_the_sidecar_and_the_next_reads_it(target: Target, new_sink: NewSink) -> None:
    assert new_sink().open() == Durable(offset=None, seq=0, position="", state=State.INIT, commit_ts_us=0)
    row = target.stream_row()
    assert (row["state"], row["epoch"], row["kafka_offset"], row["seq"]) == ("Init", 1, None, 0)
    sink = new_sink()
    sink.open()
    sink.apply(batch(message(1, insert((1, "a"))), offset=42))
    sink.close()
    durable = new_sink().open()
    assert (durable.offset, durable.seq, durable.position) == (42, 1, message(1).position)
    assert durable.state is State.RUNNING
    assert durable.commit_ts_us == message(1).commit_ts_us // 1_000_000 * 1_000_000
    row = target.stream_row()
    assert (row["workflow"], row["epoch"]) == ("split", 3)
    assert row["owner"].count("/") == 3


def test_an_owner_takes_the_stream_again_after_a_lost_connection(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    apply(sink, insert((1, "a")))
    connection = target.stream_row()["owner"].split("/")[2]
    target.execute(f"kill {connection}")
    with pytest.raises(TargetUnreachable):
        apply(sink, insert((2, "b")), seq=2)
    sink.rollback()
    assert sink.open().seq == 1
    apply(sink, insert((2, "b")), seq=2)
    assert target.items() == [(1, "a"), (2, "b")]


def test_streams_have_rows_of_their_own(target: Target, new_sink: NewSink) -> None:
    first, second = new_sink(), new_sink(partition=1)
    first.open()
    second.open()
    apply(first, insert((1, "a")))
    apply(second, insert((2, "b")), insert((3, "c")))
    rows = target.query(f"select kafka_partition, seq from `{target.sidecar}`.vreplication order by 1")
    assert rows == [(0, 1), (1, 2)]


def test_first_starts_at_the_same_moment_make_one_row(target: Target, new_sink: NewSink) -> None:
    sinks = [new_sink() for _ in range(6)]

    def start(sink: MySqlSink) -> None:
        for _ in range(20):
            try:
                sink.open()
                return
            except TargetConflict:
                sink.rollback()
        raise AssertionError("never got the stream")

    with ThreadPoolExecutor(len(sinks)) as pool:
        list(pool.map(start, sinks))
    assert target.query(f"select count(*), max(epoch) from `{target.sidecar}`.vreplication") == [(1, 6)]


def test_a_vreplication_table_of_vitess_gets_our_columns(target: Target, new_sink: NewSink) -> None:
    new_sink().open()
    table = f"`{target.sidecar}`.vreplication"
    target.execute(
        f"truncate {table}; alter table {table} drop column kafka_topic, drop column kafka_partition,"
        " drop column kafka_offset, drop column seq, drop column epoch, drop column owner, comment = ''"
    )
    sink = new_sink()
    sink.open()
    apply(sink, insert((1, "a")))
    assert target.stream_row()["seq"] == 1


def test_a_sidecar_of_a_newer_version_is_refused(target: Target, new_sink: NewSink) -> None:
    new_sink().open()
    target.execute(f"alter table `{target.sidecar}`.vreplication comment = 'rowcast 99'")
    with pytest.raises(TargetSettingUnsupported, match="version 99"):
        new_sink().open()


def test_inserts_updates_and_deletes(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    apply(
        sink,
        insert(*[(number, "x") for number in range(2000)]),
        Transaction(tuple(change((number, "x"), (number + 5000, "y")) for number in range(500))),
        Transaction(tuple(change((number, "x"), None) for number in range(500, 1990))),
        Transaction((change((1990, "x"), (1990, "x")),)),  # found although nothing changes
    )
    assert target.items() == [(number, "x") for number in range(1990, 2000)] + [
        (number, "y") for number in range(5000, 5500)
    ]


def test_rows_and_position_commit_together(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    apply(sink, insert((1, "a")))
    with pytest.raises(TargetFailed) as raised:
        apply(sink, insert((2, "b")), insert((1, "twice")), seq=2)
    assert raised.value.context["errno"] == 1062
    sink.rollback()
    assert target.items() == [(1, "a")]
    assert target.stream_row()["seq"] == 1


def test_an_older_owner_is_fenced_and_changes_nothing(target: Target, new_sink: NewSink) -> None:
    older, newer = new_sink(), new_sink()
    older.open()
    apply(older, insert((1, "a")))
    newer.open()
    with pytest.raises(StreamFenced) as raised:
        apply(older, insert((2, "zombie")), seq=2)
    assert raised.value.code == "STREAM_FENCED"
    older.fail(raised.value)
    apply(newer, insert((2, "b")), seq=2)
    assert target.items() == [(1, "a"), (2, "b")]
    assert target.stream_row()["state"] == "Running"


def test_an_older_owner_with_an_open_transaction_is_ended(target: Target, new_sink: NewSink) -> None:
    older, newer = new_sink(), new_sink()
    older.open()
    part = message(1, insert((1, "a")), last=False)
    older.apply(Batch((part,), Durable(), complete=False))
    with pytest.raises(TargetConflict):
        newer.open()
    newer.rollback()
    assert newer.open() == Durable()
    with pytest.raises(TargetUnreachable):
        older.apply(batch(message(1, insert((2, "zombie")), part=1)))
    older.rollback()
    # For the older one that looks like a lost connection; it must not take the stream back.
    newer.apply(Batch((part,), Durable(), complete=False))
    with pytest.raises(StreamFenced):
        older.open()
    newer.apply(batch(message(1, insert((2, "b")), part=1)))
    assert target.items() == [(1, "a"), (2, "b")]
    assert target.stream_row()["epoch"] == 2


def test_the_end_of_a_chunked_transaction_is_fenced_too(target: Target, new_sink: NewSink) -> None:
    older, newer = new_sink(), new_sink()
    older.open()
    newer.open()
    with pytest.raises(StreamFenced):
        older.apply(Batch((message(1, insert((1, "zombie")), last=False),), Durable(), complete=False))
    assert target.items() == []


def test_parts_show_only_with_the_last_one(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    for part in range(3):
        body = message(1, insert((part, "x")), part=part, last=False)
        sink.apply(Batch((body,), Durable(), complete=False))
        assert target.items() == []
        assert target.stream_row()["seq"] == 0
    sink.apply(batch(message(1, insert((3, "x")), part=3)))
    assert len(target.items()) == 4
    assert target.stream_row()["seq"] == 1


def test_parts_are_gone_after_a_rollback(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    part = message(1, insert((1, "x")), last=False)
    sink.apply(Batch((part,), Durable(), complete=False))
    sink.rollback()
    sink.apply(Batch((part,), Durable(), complete=False))
    sink.apply(batch(message(1, insert((2, "x")), part=1)))
    assert target.items() == [(1, "x"), (2, "x")]


def test_a_missing_row_stops_the_stream(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    apply(sink, insert((1, "a")))
    for body in (
        Transaction((change((2, "b"), (2, "c")),)),
        Transaction((change((1, "a"), None), change((2, "b"), None))),
    ):
        with pytest.raises(TargetRowMissing) as raised:
            apply(sink, body, seq=2)
        assert raised.value.context["table"] == f"{target.database}.item"
        sink.rollback()
    assert target.items() == [(1, "a")]


def test_a_deadlock_is_a_conflict_and_the_same_batch_goes_through_afterwards(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    apply(sink, insert((1, "a"), (2, "b")))
    both = Transaction((change((1, "a"), (1, "sink")), change((2, "b"), (2, "sink"))))
    with target.deadlocks_with(first_row=2, second_row=1) as deadlock, ThreadPoolExecutor(1) as pool:
        done = pool.submit(apply, sink, both, seq=2)
        deadlock()
        with pytest.raises(TargetConflict) as raised:
            done.result(30)
    assert raised.value.context["errno"] == 1213
    sink.rollback()
    apply(sink, both, seq=2)
    assert target.items() == [(1, "sink"), (2, "sink")]


def test_foreign_key_checks_follow_the_source(target: Target, new_sink: NewSink) -> None:
    child = Table("shop", "child", (Column("id", SqlType.INT), Column("item", SqlType.INT)), (0,))
    decoder = PickleDecoder(ITEM, child)
    target.execute("create table child (id int primary key, item int, foreign key (item) references item (id))")
    sink = new_sink(decoder)
    sink.open()
    unchecked = Transaction((change(None, (1, 77), table=2, flags=FOREIGN_KEY_CHECKS_OFF),))
    apply(sink, copy((5, 55), table=2), unchecked, insert((1, "a")), insert((2, 1), table=2))
    assert target.query("select id from child order by id") == [(1,), (2,), (5,)]
    with pytest.raises(TargetFailed) as raised:
        apply(sink, insert((3, 99), table=2), seq=5)
    assert raised.value.context["errno"] == 1452
    sink.rollback()
    with pytest.raises(TargetFailed):
        apply(sink, unchecked, insert((3, 99), table=2), seq=5)


@pytest.mark.parametrize("logged", [True, False], ids=["cascades in the binlog", "cascades by the target"])
def test_cascades_of_foreign_keys(target: Target, new_sink: NewSink, logged: bool) -> None:
    """MySQL 9.6 and later log the children's changes, before the parent's and without checks; older ones do not."""
    child = Table("shop", "child", (Column("id", SqlType.INT), Column("item", SqlType.INT)), (0,))
    target.execute(
        "create table child (id int primary key, item int,"
        " foreign key (item) references item (id) on delete cascade on update cascade)"
    )
    sink = new_sink(PickleDecoder(ITEM, child))
    sink.open()
    apply(sink, insert((1, "a"), (2, "b")), insert((10, 1), (11, 1), (12, 2), table=2))
    off = FOREIGN_KEY_CHECKS_OFF
    children = (change((10, 1), None, table=2, flags=off), change((11, 1), None, table=2, flags=off))
    moved = (change((12, 2), (12, 3), table=2, flags=off),)
    apply(
        sink,
        Transaction((*(children if logged else ()), change((1, "a"), None))),
        Transaction((*(moved if logged else ()), change((2, "b"), (3, "b")))),
        seq=3,
    )
    assert target.items() == [(3, "b")]
    assert target.query("select * from child") == [(12, 3)]


def test_rows_that_reference_their_own_table_go_in_the_sources_order(target: Target, new_sink: NewSink) -> None:
    tree = Table("shop", "tree", (Column("id", SqlType.INT), Column("parent", SqlType.INT)), (0,))
    target.execute("create table tree (id int primary key, parent int, foreign key (parent) references tree (id))")
    sink = new_sink(PickleDecoder(tree))
    sink.open()
    rows = [(1, None), (2, 1), (3, 2), (4, 3)]
    apply(sink, insert(*rows), Transaction(tuple(change(row, None) for row in reversed(rows))))
    assert target.query("select * from tree") == []


def test_states_and_copied_rows(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    sink.apply(batch(message(1, copy((1, "a"), (2, "b"))), message(2, copy((3, "c"))), state=State.COPYING))
    assert (target.stream_row()["state"], target.stream_row()["rows_copied"]) == ("Copying", 3)
    part = message(3, copy((4, "d")), last=False)
    sink.apply(Batch((part,), Durable(), complete=False))
    sink.apply(batch(message(3, copy((5, "e")), part=1), state=State.COPYING))
    sink.apply(batch(message(4, CopyCompleted())))
    assert (target.stream_row()["state"], target.stream_row()["rows_copied"]) == ("Running", 5)
    assert target.stream_row()["transaction_timestamp"] == message(4).commit_ts_us // 1_000_000


def test_a_stop_is_recorded_with_its_reason(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    sink.apply(replace(batch(message(1, insert((1, "a"))), state=State.STOPPED), stopped="Stopped at DDL it's"))
    row = target.stream_row()
    assert (row["state"], row["message"], row["seq"]) == ("Stopped", "Stopped at DDL it's", 1)
    assert new_sink().open().state is State.RUNNING
    assert target.stream_row()["message"] == ""


def test_a_failure_is_recorded(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    with pytest.raises(TargetRowMissing) as raised:
        apply(sink, Transaction((change((2, "b"), None),)))
    sink.fail(raised.value)
    row = target.stream_row()
    assert row["state"] == "Error"
    assert row["message"].startswith("TARGET_ROW_MISSING: delete of 1 rows changed 0")


def test_heartbeats_move_the_row_only(target: Target, new_sink: NewSink) -> None:
    sink = new_sink()
    sink.open()
    apply(sink, insert((1, "a")))
    sink.apply(Batch((), Durable(9, 1, "MySQL56/later", State.RUNNING, 5_000_000)))
    row = target.stream_row()
    assert (row["kafka_offset"], row["seq"], row["pos"]) == (9, 1, "MySQL56/later")


@pytest.mark.parametrize(
    ("ddl", "kind"),
    [
        ("drop table item", TargetTableMissing),
        ("alter table item drop column name", TargetColumnMissing),
        ("alter table item engine = MyISAM", TargetSettingUnsupported),
        ("drop table item; create view item as select 1 as id, 'x' as name", TargetTableMissing),
        ("alter table item modify name varchar(2)", TargetFailed),
        ("alter table item modify name varchar(50) character set ascii", TargetFailed),
    ],
)
def test_a_target_that_does_not_fit_stops_the_stream(
    target: Target, new_sink: NewSink, ddl: str, kind: type[RowcastError]
) -> None:
    sink = new_sink()
    sink.open()
    target.execute(ddl)
    with pytest.raises(kind):
        apply(sink, insert((1, "änderung")))


def test_a_table_with_extra_and_generated_columns(target: Target, new_sink: NewSink) -> None:
    target.execute(
        "alter table item add note varchar(10) default 'new', add upper_name varchar(60) as (upper(name)) stored,"
        " add touched timestamp default '2020-01-01 00:00:00' on update current_timestamp"
    )
    wide = Table(
        "shop",
        "item",
        (*ITEM.columns, Column("upper_name", SqlType.VARCHAR, generated=True), Column("touched", SqlType.TIMESTAMP)),
        (0,),
    )
    sink = new_sink(PickleDecoder(wide))
    sink.open()
    apply(
        sink,
        insert((1, "a", "of the source", "2021-01-01 00:00:00")),
        Transaction((change((1, "a", "", "2021-01-01 00:00:00"), (1, "b", "", "2021-01-01 00:00:00")),)),
    )
    rows = target.query("select id, name, note, upper_name, cast(touched as char) from item")
    assert rows == [(1, "b", "new", "B", "2021-01-01 00:00:00")]


def test_tables_without_a_key(target: Target, new_sink: NewSink) -> None:
    target.execute("create table log (a int, b varchar(10), c json)")
    log = Table(
        "shop",
        "log",
        (
            Column("a", SqlType.INT),
            Column("b", SqlType.VARCHAR, collation="utf8mb4_0900_ai_ci"),
            Column("c", SqlType.JSON),
        ),
    )
    sink = new_sink(PickleDecoder(log))
    sink.open()
    same = (1, "x", '{"k": 1}')
    apply(
        sink,
        insert(same, same, (1, "X", '{"k": 1}'), (None, None, None)),
        Transaction((change(same, None), change((None, None, None), (2, None, "[]")))),
    )
    rows = target.query("select a, b, cast(c as char) from log order by a, b collate utf8mb4_bin")
    assert rows == [(1, "X", '{"k": 1}'), (1, "x", '{"k": 1}'), (2, None, "[]")]


def test_a_row_larger_than_the_packet_is_refused_before_it_is_sent(target: Target, new_sink: NewSink) -> None:
    big = Table("shop", "big", (Column("id", SqlType.INT), Column("data", SqlType.LONGBLOB)), (0,))
    target.execute("create table big (id int primary key, data longblob)")
    sink = new_sink(PickleDecoder(big))
    sink.open()
    apply(sink, insert((1, b"x" * 20_000_000)))  # more than one packet of the protocol
    assert target.query("select length(data) from big") == [(20_000_000,)]
    with pytest.raises(TransactionTooLarge):
        apply(sink, insert((2, b"x" * 40_000_000)), seq=2)


def test_an_unreachable_target_is_named_without_secrets(target: Target, new_sink: NewSink) -> None:
    address = replace(target.address, port=1, password="very secret")
    with pytest.raises(TargetUnreachable) as raised:
        new_sink(address=address).open()
    assert "secret" not in str(raised.value)
