"""Servers and unique names for every test; a server starts when the first test asks for it and serves the whole
session.

The order of the tests is random; the seed is in pytest's header, and `--randomly-seed=N` repeats it.
"""

import os
import secrets
from collections.abc import Callable, Iterator

import pytest

from tools.stack import KafkaCluster, MySqlServer, Stack
from tools.stack.stack import KAFKA_BOOTSTRAP, MYSQL_URLS

FreshDatabase = Callable[[MySqlServer], str]


def pytest_report_header() -> list[str]:
    """Says where servers come from, since it explains differences between machines."""
    named = [name for name in (MYSQL_URLS, KAFKA_BOOTSTRAP) if os.environ.get(name)]
    return [f"servers: {'named by ' + ' and '.join(named) if named else 'started by the tests'}"]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The session's servers. Tests that stop, kill or configure one start it with `own=True` and kill it when they are
    done.
    """
    with Stack() as running:
        yield running


@pytest.fixture(scope="session")
def kafka(stack: Stack) -> KafkaCluster:
    """A cluster of one broker; topics are the tests' own, with names from `unique_name`."""
    return stack.start_kafka()


@pytest.fixture(scope="session")
def mysql_source(stack: Stack) -> MySqlServer:
    """A server with GTIDs and a full binlog; databases are the tests' own, from `fresh_database`."""
    return stack.start_mysql("source")


@pytest.fixture(scope="session")
def mysql_shards(stack: Stack, mysql_source: MySqlServer) -> tuple[MySqlServer, MySqlServer]:
    """Two targets without a binlog. They come after the source, because the environment names servers in this order."""
    assert mysql_source.port
    first, second = stack.start_mysqls("shard1", "shard2", binlog=False)
    return first, second


@pytest.fixture
def unique_name() -> Callable[[str], str]:
    """Names that no other test, process or earlier run has used: `unique_name("orders")` -> `orders_5f0c9a1b`."""
    # Not from `random`: runs with the same seed would get the same names on servers that live longer than a run.
    return lambda prefix: f"{prefix}_{secrets.token_hex(4)}"


@pytest.fixture
def fresh_database(unique_name: Callable[[str], str]) -> Iterator[FreshDatabase]:
    """Makes empty databases: `name = fresh_database(mysql_source)`; they are dropped after the test."""
    made: list[tuple[MySqlServer, str]] = []

    def make(server: MySqlServer) -> str:
        name = unique_name("test")
        server.execute(f"create database `{name}` character set utf8mb4")
        made.append((server, name))
        return name

    yield make
    for server, name in made:
        server.execute(f"drop database if exists `{name}`")
