"""Accounts and addresses for the tests of connector.mysql on real servers."""

from collections.abc import Callable, Iterator

import pytest

from connector.mysql.address import ServerAddress
from connector.mysql.connection import Connection, connect
from tools.stack import MySqlServer, Stack

Account = Callable[..., ServerAddress]

REPLICA_GRANTS = (
    "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {account}",
    "GRANT SELECT, LOCK TABLES ON *.* TO {account}",
)


@pytest.fixture
def source(mysql_source: MySqlServer) -> ServerAddress:
    """The session's source, as its administrator."""
    return ServerAddress(mysql_source.host, mysql_source.port, mysql_source.user, mysql_source.password)


@pytest.fixture
def connection(source: ServerAddress) -> Iterator[Connection]:
    """An administrator's connection to the session's source."""
    with connect(source) as opened:
        yield opened


@pytest.fixture
def account(mysql_source: MySqlServer, unique_name: Callable[[str], str]) -> Iterator[Account]:
    """Makes accounts on the source: `account(*grants, plugin=…, password=…)`; a new one has no cached password hash."""
    made: list[str] = []

    def make(
        *grants: str, password: str = "S3cret'\"\\é", plugin: str = "caching_sha2_password", require: str = ""
    ) -> ServerAddress:
        name = unique_name("user")
        with mysql_source.connect() as root, root.cursor() as cursor:
            cursor.execute(f"CREATE USER {name}@'%%' IDENTIFIED WITH {plugin} BY %s {require}", (password,))
            made.append(name)
            for grant in grants:
                cursor.execute(grant.format(account=f"{name}@'%'"))
        return ServerAddress(mysql_source.host, mysql_source.port, name, password)

    yield make
    for name in made:
        mysql_source.execute(f"DROP USER {name}@'%'")


@pytest.fixture(scope="session")
def unfit_server(stack: Stack) -> Iterator[MySqlServer]:
    """A server without TLS and GTIDs that writes every kind of binlog that rowcast refuses."""
    server = stack.start_mysql(
        "unfit",
        own=True,
        flags=(
            "--gtid-mode=OFF",
            "--enforce-gtid-consistency=OFF",
            "--binlog-format=MIXED",
            "--binlog-row-image=MINIMAL",
            "--binlog-row-metadata=MINIMAL",
            "--binlog-row-value-options=PARTIAL_JSON",
            "--binlog-transaction-compression=ON",
            "--tls-version=",
        ),
    )
    yield server
    server.kill()


def address_of(server: MySqlServer) -> ServerAddress:
    """The address of a server of the stack."""
    return ServerAddress(server.host, server.port, server.user, server.password)
