"""MySQL servers for tests: finds or fetches a mysqld, keeps an initialised data directory as a template, starts copies
of it.
"""

import functools
import getpass
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pymysql
from pymysql.constants import CLIENT

from tools.stack import debian
from tools.stack.ports import PortLease, accepts
from tools.stack.runs import Run
from tools.stack.servers import ServerProcess
from tools.stack.workspace import StackError, call, exclusive, step

OLDEST_MAJOR_VERSION = 8
PACKAGES = ("mysql-server-core", "mysql-client-core", "libc6")
"""Debian's server and client programs and the C library they were built for, which may be newer than the system's."""

ROOT_EVERYWHERE = "CREATE USER root@'%' IDENTIFIED BY '';\nGRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n"
"""Run in the template: name resolution is off, so root@localhost alone could not log in through TCP. Servers listen on
127.0.0.1 only.
"""

COMMON_FLAGS = (
    "--bind-address=127.0.0.1",
    "--loose-mysqlx=OFF",
    "--skip-name-resolve",
    "--secure-file-priv=",
    "--socket=mysql.sock",  # relative to the data directory: the full path may exceed a socket address's 107 bytes
    "--pid-file=mysql.pid",
    "--innodb-flush-log-at-trx-commit=2",  # survives a killed process, not a power cut: right for tests
    "--innodb-buffer-pool-size=128M",
    "--loose-innodb-redo-log-capacity=96M",
    "--max-connections=250",
)
SOURCE_FLAGS = (
    "--log-bin=binlog",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    "--sync-binlog=0",
)


@dataclass(frozen=True)
class MySqlPrograms:
    """A MySQL installation: a system's own, or a tree of unpacked packages that runs through its own loader and
    libraries.
    """

    version: str
    tree: Path | None = None
    """Where the packages were unpacked; None for programs on PATH."""

    def command(self, program: str) -> list[str]:
        """The argv that starts `mysqld`, `mysql`, `mysqldump`, `mysqlbinlog` ... of this installation."""
        if self.tree is None:
            found = _on_path(program)
            if found is None:
                raise StackError(f"{program} is not on PATH")
            return [found]
        loader = next(iter(sorted(self.tree.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*"))), None)
        binary = next(
            (path for folder in ("usr/sbin", "usr/bin") if (path := self.tree / folder / program).exists()), None
        )
        if loader is None or binary is None:
            raise StackError(
                f"the unpacked MySQL in {self.tree} has no {program} or no loader; remove the folder to fetch it again"
            )
        libraries = f"{loader.parent}:{self.tree}/usr/lib/mysql/private"
        return [str(loader), "--library-path", libraries, str(binary)]

    def server(self) -> list[str]:
        """The argv of mysqld up to its own settings."""
        argv = [*self.command("mysqld"), "--no-defaults"]
        if self.tree is not None:
            share = self.tree / "usr/share/mysql"
            argv += [
                f"--basedir={self.tree}/usr",
                f"--lc-messages-dir={share}",
                f"--character-sets-dir={share}/charsets",
            ]
            argv += [f"--plugin-dir={self.tree}/usr/lib/mysql/plugin"]
        if os.geteuid() == 0:
            argv.append(f"--user={getpass.getuser()}")
        return argv


@functools.cache
def programs(root: Path) -> MySqlPrograms:
    """A mysqld of MySQL 8.0 or newer from PATH, otherwise the distribution's, fetched into `root` once."""
    if (installed := _on_path("mysqld")) is not None and (version := _version([installed])) is not None:
        return MySqlPrograms(version)
    tree = debian.fetch(PACKAGES, root / "mysql" / "tree", root)
    fetched = MySqlPrograms("", tree)
    version = _version(fetched.command("mysqld"))
    if version is None:
        raise StackError(f"the distribution's mysqld is not MySQL {OLDEST_MAJOR_VERSION}.0 or newer")
    return MySqlPrograms(version, tree)


def template(mysql: MySqlPrograms, root: Path) -> Path:
    """An initialised data directory without a server uuid, made once for each version."""
    ready = root / "mysql" / f"template-{mysql.version}"
    if ready.is_dir():
        return ready
    with exclusive(root / "locks" / "mysql-template", "MySQL's first data directory"):
        if not ready.is_dir():
            step(f"initialising a data directory of MySQL {mysql.version}")
            partial = ready.with_name(ready.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.parent.mkdir(parents=True, exist_ok=True)
            accounts = ready.with_name("accounts.sql")
            accounts.write_text(ROOT_EVERYWHERE)
            settings = ["--initialize-insecure", f"--datadir={partial}", f"--init-file={accounts}", "--skip-log-bin"]
            # Small files here are small copies for every server; the servers' own setting grows the log when they
            # start.
            call([*mysql.server(), *settings, "--loose-innodb-redo-log-capacity=8M"], "initialising MySQL")
            (partial / "auto.cnf").unlink()
            partial.rename(ready)
    return ready


@dataclass
class MySqlServer:
    """A server to talk to. One of ours can be stopped, killed and restarted; one that the environment named cannot."""

    name: str
    host: str
    port: int
    user: str = "root"
    password: str = ""
    server_id: int = 0
    version: str = ""
    process: ServerProcess | None = field(default=None, repr=False)
    _datadir: Path | None = field(default=None, repr=False)

    @property
    def external(self) -> bool:
        """Whether the environment named it, so that it is not ours to stop."""
        return self.process is None

    @property
    def datadir(self) -> Path:
        """The data directory of a server of ours."""
        if self._datadir is None:
            raise StackError(f"{self.name} was named by the environment: its files are elsewhere")
        return self._datadir

    @property
    def log(self) -> Path:
        """The error log of a server of ours."""
        return self._ours().log

    def url(self, database: str = "") -> str:
        """`mysql://user[:password]@host:port/database`."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        return f"mysql://{quote(self.user, safe='')}{secret}@{self.host}:{self.port}/{quote(database, safe='')}"

    def connect(self, database: str = "", **options: Any) -> "pymysql.Connection[Any]":
        """An autocommitting connection; `options` are PyMySQL's."""
        settings: dict[str, Any] = {"autocommit": True, "charset": "utf8mb4", "connect_timeout": 10, **options}
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database or None,
            **settings,
        )

    def execute(self, sql: str, database: str = "") -> None:
        """Run one or more statements, separated by semicolons, on a connection of their own."""
        with self.connect(database, client_flag=CLIENT.MULTI_STATEMENTS) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            while cursor.nextset():
                pass

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of the last of some statements; errors are StackError with the server's text."""
        try:
            with self.connect(client_flag=CLIENT.MULTI_STATEMENTS) as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                rows = list(cursor.fetchall())
                while cursor.nextset():
                    rows = list(cursor.fetchall())
                return rows
        except pymysql.MySQLError as error:
            raise StackError(f"{self.name}: {error.args[-1]}") from None

    def query(self, sql: str, database: str = "") -> list[tuple[Any, ...]]:
        """The rows of one statement, as PyMySQL converts them."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def stop(self) -> None:
        """An orderly shutdown."""
        self._ours().stop()

    def kill(self) -> None:
        """SIGKILL."""
        self._ours().kill()

    def restart(self) -> None:
        """Stop it if it runs, then start it with the same port, flags and data; returns once it answers."""
        self._ours().stop()
        self._ours().start()

    def _ours(self) -> ServerProcess:
        if self.process is None:
            raise StackError(f"{self.name} was named by the environment: start_mysql(own=True) gives one to control")
        return self.process


def start(
    name: str,
    mysql: MySqlPrograms,
    root: Path,
    run: Run,
    lease: PortLease,
    *,
    flags: Sequence[str],
    server_id: int | None,
    binlog: bool,
) -> MySqlServer:
    """Copy the template and start a server on the leased port."""
    folder = run.directory / f"{name}-{lease.port}"
    datadir = folder / "data"
    folder.mkdir()
    (folder / "tmp").mkdir()
    call(["cp", "-a", "--reflink=auto", str(template(mysql, root)), str(datadir)], "copying MySQL's data directory")
    number = lease.port if server_id is None else server_id
    settings = [
        f"--datadir={datadir}",
        f"--tmpdir={folder / 'tmp'}",
        f"--port={lease.port}",
        f"--server-id={number}",
        *COMMON_FLAGS,
    ]
    settings += SOURCE_FLAGS if binlog else ["--skip-log-bin"]
    server = MySqlServer(name, "127.0.0.1", lease.port, server_id=number, version=mysql.version, _datadir=datadir)
    argv = [*mysql.server(), *settings, *flags]
    server.process = ServerProcess(
        f"MySQL server {name}", argv, folder / "mysqld.log", run, cwd=folder, answers=lambda: _answers(server)
    )
    server.process.start()
    return server


def named(name: str, url: str) -> MySqlServer:
    """A server that the environment names as `mysql://user:password@host:port`; must be reachable now."""
    parts = urlsplit(url)
    if parts.scheme != "mysql" or not parts.hostname:
        raise StackError(
            f"ROWCAST_TEST_MYSQL_URLS: the entry for {name} is not of the form mysql://user:password@host:port"
        )
    server = MySqlServer(
        name, parts.hostname, parts.port or 3306, unquote(parts.username or "root"), unquote(parts.password or "")
    )
    try:
        [(server.server_id, server.version)] = server.query("select @@server_id, @@version")
    except pymysql.MySQLError as error:
        raise StackError(f"ROWCAST_TEST_MYSQL_URLS: {server.host}:{server.port} does not answer: {error}") from error
    return server


def _answers(server: MySqlServer) -> bool:
    if not accepts(server.port):
        return False
    try:
        server.query("select 1")
    except pymysql.err.OperationalError:
        return False
    return True


def _on_path(program: str) -> str | None:
    # mysqld lives in sbin, which is not on every user's PATH.
    return shutil.which(program) or shutil.which(program, path="/usr/local/sbin:/usr/sbin")


def _version(mysqld: Sequence[str]) -> str | None:
    """The version of a MySQL that is new enough, None for MariaDB and older ones."""
    banner = call([*mysqld, "--no-defaults", "--version"], "asking mysqld for its version")
    found = re.search(r"Ver (\d+)\.(\d+)\.(\d+)", banner)
    if found is None or "MariaDB" in banner or int(found.group(1)) < OLDEST_MAJOR_VERSION:
        return None
    return ".".join(found.groups())
