"""The servers that everything else is tested on: they start, have a source's settings, and are gone afterwards."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pymysql
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tools.stack import KafkaCluster, MySqlServer, Stack, StackError
from tools.stack.ports import accepts, lease
from tools.stack.stack import KAFKA_BOOTSTRAP, MYSQL_URLS
from tools.stack.workspace import CHECKOUT, DEFAULT_ROOT

GONE_SECONDS = 30.0


@pytest.fixture(scope="module")
def own() -> Iterator[MySqlServer]:
    """A server of this module's own, to stop, kill and restart."""
    with Stack() as stack:
        yield stack.start_mysql("own", flags=["--max-connections=77"], server_id=4711, own=True)


def ends(pid: int) -> bool:
    """Waits until a process has ended, whoever its parent is."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(descriptor):
        return bool(select.select([descriptor], [], [], GONE_SECONDS)[0])


def test_source_has_gtids_and_full_row_events(mysql_source: MySqlServer) -> None:
    [settings] = mysql_source.query(
        "select @@log_bin, @@gtid_mode, @@enforce_gtid_consistency, @@binlog_format, @@binlog_row_image,"
        " @@binlog_row_metadata"
    )
    assert settings == (1, "ON", "ON", "ROW", "FULL", "FULL")
    [(server_id,)] = mysql_source.query("select @@server_id")
    assert server_id == mysql_source.server_id


def test_servers_are_different_ones(mysql_source: MySqlServer, mysql_shards: tuple[MySqlServer, MySqlServer]) -> None:
    servers = (mysql_source, *mysql_shards)
    assert len({server.query("select @@server_uuid")[0] for server in servers}) == len(servers)
    assert len({server.server_id for server in servers}) == len(servers)
    assert len({server.url() for server in servers}) == len(servers)


def test_statements_and_queries(mysql_source: MySqlServer, fresh_database: Callable[[MySqlServer], str]) -> None:
    database = fresh_database(mysql_source)
    mysql_source.execute(
        "create table t (id int primary key, v text); insert into t values (1, 'ä'), (2, null)", database
    )
    assert mysql_source.query("select id, v from t order by id", database) == [(1, "ä"), (2, None)]


def test_an_error_in_a_later_statement_is_raised(mysql_source: MySqlServer) -> None:
    with pytest.raises(pymysql.err.OperationalError, match="no_such_column"):
        mysql_source.execute("select 1; select no_such_column")


def test_flags_and_server_id_reach_the_server(own: MySqlServer) -> None:
    assert own.query("select @@max_connections, @@server_id") == [(77, 4711)]
    assert own.version.split(".")[0] >= "8"


def test_committed_rows_survive_kill_and_restart(own: MySqlServer, unique_name: Callable[[str], str]) -> None:
    database = unique_name("kept")
    own.execute(f"create database {database}; create table {database}.t (id int primary key)")
    own.execute(f"insert into {database}.t values (1)")
    [(gtids,)] = own.query("select @@gtid_executed")
    own.kill()
    assert not accepts(own.port)
    own.restart()
    assert own.query(f"select id from {database}.t") == [(1,)]
    assert own.query("select @@gtid_executed") == [(gtids,)]


def test_stopped_server_refuses_connections_until_restarted(own: MySqlServer) -> None:
    own.stop()
    own.stop()
    with pytest.raises(pymysql.err.OperationalError):
        own.query("select 1")
    own.restart()
    assert own.query("select 1") == [(1,)]


def test_failed_start_shows_the_end_of_the_log(stack: Stack) -> None:
    with pytest.raises(StackError, match=r"(?s)exit \d.*unknown variable 'no-such-option=1'"):
        stack.start_mysql("broken", flags=["--no-such-option=1"])


def transaction(producer: Producer, topic: str, value: bytes) -> None:
    producer.begin_transaction()
    producer.produce(topic, value)
    producer.flush(30)


def committed(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first `count` committed values of partition 0."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": topic,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([topic])
    values: list[bytes] = []
    try:
        while len(values) < count:
            messages = consumer.consume(1, 30)
            assert messages, f"only {values} within 30 s"
            for message in messages:
                assert message.error() is None
                value = message.value()
                assert value is not None
                values.append(value)
    finally:
        consumer.close()
    return values


def create_topic(bootstrap: str, topic: str, replicas: int) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap})
    client.create_topics([NewTopic(topic, 1, replicas)])[topic].result(30)


def transactional(bootstrap: str, name: str) -> Producer:
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name})
    producer.init_transactions(30)
    return producer


def test_kafka_commits_and_aborts(kafka: KafkaCluster, unique_name: Callable[[str], str]) -> None:
    topic = unique_name("transactions")
    create_topic(kafka.bootstrap, topic, 1)
    producer = transactional(kafka.bootstrap, topic)
    transaction(producer, topic, b"first")
    producer.commit_transaction(30)
    transaction(producer, topic, b"never seen")
    producer.abort_transaction(30)
    transaction(producer, topic, b"second")
    producer.commit_transaction(30)
    assert committed(kafka.bootstrap, topic, 2) == [b"first", b"second"]


def test_kafka_does_not_make_topics_by_itself(kafka: KafkaCluster, unique_name: Callable[[str], str]) -> None:
    name = unique_name("missing")
    client = AdminClient({"bootstrap.servers": kafka.bootstrap})
    client.list_topics(name, timeout=30)
    assert name not in client.list_topics(timeout=30).topics


def test_three_brokers_survive_the_death_of_one(unique_name: Callable[[str], str]) -> None:
    topic = unique_name("replicated")
    with Stack() as stack:
        cluster = stack.start_kafka(3, own=True)
        create_topic(cluster.bootstrap, topic, 3)
        producer = transactional(cluster.bootstrap, topic)
        transaction(producer, topic, b"before")
        producer.commit_transaction(30)
        cluster.brokers[0].kill()
        assert not cluster.brokers[0].alive
        transaction(producer, topic, b"without broker 1")
        producer.commit_transaction(60)
        cluster.brokers[0].restart()
        assert committed(cluster.bootstrap, topic, 2) == [b"before", b"without broker 1"]


def test_stop_leaves_no_process_and_no_file() -> None:
    stack = Stack()
    server = stack.start_mysql("brief", own=True)
    assert server.process is not None
    pid = server.process.pid
    assert Path(f"/proc/{pid}").exists()
    stack.stop()
    stack.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert not stack.directory.exists()
    assert not accepts(server.port)


def test_servers_end_when_their_owner_is_killed() -> None:
    script = (
        "import os, signal; from tools.stack import Stack; stack = Stack(); server = stack.start_mysql(own=True);"
        "print(server.process.pid, stack.directory, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    owner = subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    pid, directory = owner.stdout.split()
    assert ends(int(pid))
    assert Path(directory).parent == DEFAULT_ROOT / "run"


def test_servers_that_the_environment_names_come_first_and_are_left_alone(
    own: MySqlServer, kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MYSQL_URLS, own.url())
    monkeypatch.setenv(KAFKA_BOOTSTRAP, kafka.bootstrap)
    with Stack() as stack:
        named = stack.start_mysql("source")
        assert named.external
        assert (named.port, named.server_id, named.version.split("-")[0]) == (own.port, own.server_id, own.version)
        with pytest.raises(StackError, match="own=True"):
            named.kill()
        cluster = stack.start_kafka()
        assert cluster.external
        assert cluster.bootstrap == kafka.bootstrap
    assert own.query("select 1") == [(1,)]


@pytest.mark.parametrize("url", ["localhost:3306", "http://localhost", "mysql://"])
def test_a_named_server_that_is_no_url_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MYSQL_URLS, url)
    with Stack() as stack, pytest.raises(StackError, match="not of the form mysql://"):
        stack.start_mysql()


def test_a_named_server_that_is_down_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    port = lease(DEFAULT_ROOT)
    monkeypatch.setenv(MYSQL_URLS, f"mysql://root:s3cret@127.0.0.1:{port.port}")
    with Stack() as stack, pytest.raises(StackError, match="does not answer") as refused:
        stack.start_mysql()
    port.release()
    assert "s3cret" not in str(refused.value)


def test_a_leased_port_is_not_leased_again() -> None:
    leases = [lease(DEFAULT_ROOT) for _ in range(20)]
    assert len({held.port for held in leases}) == len(leases)
    for held in leases:
        held.release()


def run_command(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / ".venv/bin/rowcast-stack"), "--name", name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)


def test_command_starts_shows_and_stops_servers(unique_name: Callable[[str], str]) -> None:
    name = unique_name("command")
    try:
        up = run_command(name, "up", "--mysql", "1", "--brokers", "0", "--json")
        assert up.returncode == 0, up.stderr
        state = json.loads(up.stdout)
        assert accepts(state["mysql"][0]["port"])
        assert json.loads(run_command(name, "up", "--json").stdout) == state, "a second `up` shows what runs"
        status = run_command(name, "status", "--json")
        assert status.returncode == 0
        [process] = json.loads(status.stdout)
        assert process["running"]
    finally:
        down = run_command(name, "down")
    assert down.returncode == 0
    assert ends(process["pid"])
    assert not Path(state["run"]).exists()
    assert run_command(name, "status").returncode == 1
