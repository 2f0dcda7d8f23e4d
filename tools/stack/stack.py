"""`Stack`: the servers of one test session, demo or benchmark; starts them on free ports and stops exactly what it
started.
"""

import atexit
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.stack import kafka, mysql
from tools.stack.kafka import KafkaCluster
from tools.stack.maven import kafka_jars
from tools.stack.mysql import MySqlPrograms, MySqlServer
from tools.stack.ports import PortLease, lease
from tools.stack.runs import Run
from tools.stack.workspace import DEFAULT_ROOT

MYSQL_URLS = "ROWCAST_TEST_MYSQL_URLS"
"""Servers to use instead of own ones: `mysql://user:password@host:port`, separated by commas, handed out in this
order.
"""
KAFKA_BOOTSTRAP = "ROWCAST_TEST_KAFKA"
"""A cluster to use instead of an own one, as `bootstrap.servers`."""


class Stack:
    """A context manager. Its methods may be called from several threads; what it started also ends when this process
    is killed.
    """

    def __init__(self, root: Path | None = None, *, detached: bool = False) -> None:
        """`root` holds downloads, templates and runs (the clone's `.stack`); a `detached` stack outlives the process
        (`rowcast-stack up`).
        """
        self._root = root or DEFAULT_ROOT
        self._lock = threading.Lock()
        self._leases: list[PortLease] = []
        self._named = [url for url in os.environ.get(MYSQL_URLS, "").split(",") if url.strip()]
        self._run = Run(self._root, detached=detached)
        self.mysql_servers: list[MySqlServer] = []
        self.kafka_clusters: list[KafkaCluster] = []
        if not detached:
            atexit.register(self.stop)

    @property
    def directory(self) -> Path:
        """The run's folder: data directories and logs, removed by `stop`."""
        return self._run.directory

    @property
    def mysql_programs(self) -> MySqlPrograms:
        """The installation that own servers run from, for client programs such as `mysqlbinlog`."""
        return mysql.programs(self._root)

    def start_mysql(
        self,
        name: str = "source",
        *,
        flags: Sequence[str] = (),
        server_id: int | None = None,
        binlog: bool = True,
        own: bool = False,
    ) -> MySqlServer:
        """A server that answers. `flags` are mysqld's and win over ours; without `binlog` it is a target only.

        A server that the environment names is handed out when neither flags nor a server id are asked for and it need
        not be ours to stop (`own`). StackError with the end of the server's log when it does not start.
        """
        url = None if own or flags or server_id is not None else self._next_named()
        if url is not None:
            server = mysql.named(name, url)
        else:
            port = self._lease()
            server = mysql.start(
                name, self.mysql_programs, self._root, self._run, port, flags=flags, server_id=server_id, binlog=binlog
            )
        with self._lock:
            self.mysql_servers.append(server)
        return server

    def start_mysqls(
        self, *names: str, flags: Sequence[str] = (), binlog: bool = True, own: bool = False
    ) -> list[MySqlServer]:
        """Several servers of one kind, started at the same time, in the order of their names."""
        if own or flags or len(names) > len(self._named):
            # Downloads and the template come first, once; otherwise every thread would wait for the first of them.
            mysql.template(self.mysql_programs, self._root)
        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(lambda name: self.start_mysql(name, flags=flags, binlog=binlog, own=own), names))

    def start_kafka(
        self, brokers: int = 1, *, properties: Mapping[str, str] | None = None, own: bool = False
    ) -> KafkaCluster:
        """A cluster whose brokers all answer. `properties` are the broker's and win over ours.

        A cluster that the environment names is returned when one broker without extra properties is asked for and it
        need not be ours.
        """
        bootstrap = os.environ.get(KAFKA_BOOTSTRAP, "").strip()
        if bootstrap and brokers == 1 and not properties and not own:
            cluster = kafka.named(bootstrap)
        else:
            jars = kafka_jars(self._root)
            kafka.prepare(jars, self._root, brokers)
            leases = [(self._lease(), self._lease()) for _ in range(brokers)]
            cluster = kafka.build(jars, self._root, self._run, leases, properties or {})
        with self._lock:
            # Before the start: when one broker fails, `stop` still waits for the others.
            self.kafka_clusters.append(cluster)
        if not cluster.external:
            with ThreadPoolExecutor(brokers) as pool:
                list(pool.map(lambda broker: broker.process.start(), cluster.brokers))
        return cluster

    def stop(self) -> None:
        """Kill everything this stack started and remove its data; a second call does nothing."""
        atexit.unregister(self.stop)
        self._run.end()
        with self._lock:
            for port in self._leases:
                port.release()
            self._leases.clear()
        # Collects the children's exit statuses, so that none stays as a zombie of this process.
        for server in self.mysql_servers:
            if server.process is not None:
                server.process.kill()
        for cluster in self.kafka_clusters:
            for broker in cluster.brokers:
                broker.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _next_named(self) -> str | None:
        with self._lock:
            return self._named.pop(0).strip() if self._named else None

    def _lease(self) -> PortLease:
        port = lease(self._root)
        with self._lock:
            self._leases.append(port)
        return port
