"""The command `rowcast-stack`: servers that stay up between commands, for trying things by hand."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tools.stack import kafka, mysql
from tools.stack.maven import kafka_jars, kafka_version
from tools.stack.runs import processes_of, reap
from tools.stack.stack import KAFKA_BOOTSTRAP, MYSQL_URLS, Stack
from tools.stack.workspace import DEFAULT_ROOT, StackError, exclusive


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0: done; 1: it failed, or `status` found servers that are down; 2: wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "reap":
            reap(options.run)
            return 0
        if options.command == "fetch":
            return _fetch()
        with exclusive(DEFAULT_ROOT / "locks" / "up", "another rowcast-stack"):
            state = DEFAULT_ROOT / f"up-{options.name}.json"
            if options.command == "up":
                return _up(state, options.mysql, options.brokers, as_json=options.json)
            if options.command == "down":
                return _down(state)
            if options.command == "sql":
                return _sql(state, options.server, options.statement)
            return _status(state, as_json=options.json)
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rowcast-stack", description="MySQL and Kafka servers for trying rowcast, without a container engine."
    )
    parser.add_argument("--name", default="default", help="which of several sets of servers is meant")
    commands = parser.add_subparsers(dest="command", required=True, metavar="up|down|status|sql|fetch")
    up = commands.add_parser("up", help="start servers that stay up until `down`")
    up.add_argument(
        "--mysql",
        type=int,
        default=3,
        metavar="N",
        help="MySQL servers: the first is a source, the others are shards (default 3)",
    )
    up.add_argument("--brokers", type=int, default=1, metavar="M", help="Kafka brokers; 0 for none (default 1)")
    up.add_argument("--json", action="store_true", help="print the addresses as JSON instead of as shell exports")
    commands.add_parser("down", help="stop exactly these servers and remove their data")
    sql = commands.add_parser("sql", help="run a statement on one of the servers, as root, and print its rows")
    sql.add_argument("server", help="the server's name, such as source or shard1")
    sql.add_argument("statement", help="one or more statements, separated by semicolons")
    status = commands.add_parser("status", help="show what is up; exit status 1 if something is not")
    status.add_argument("--json", action="store_true")
    commands.add_parser(
        "fetch", help="download and prepare what `up` and the tests start; nothing to do the second time"
    )
    # What the watchdog of a run executes; not for people.
    commands.add_parser("reap").add_argument("run", type=Path)
    return parser


def _fetch() -> int:
    """Skips the kind of server that the environment names."""

    def prepare_mysql() -> None:
        mysql.template(mysql.programs(DEFAULT_ROOT), DEFAULT_ROOT)

    def prepare_kafka() -> None:
        kafka.prepare(kafka_jars(DEFAULT_ROOT), DEFAULT_ROOT, brokers=1)

    wanted = {MYSQL_URLS: prepare_mysql, KAFKA_BOOTSTRAP: prepare_kafka}
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(prepare) for name, prepare in wanted.items() if not os.environ.get(name)]:
            done.result()
    return 0


def _up(path: Path, count: int, brokers: int, *, as_json: bool) -> int:
    if path.exists():
        state = json.loads(path.read_text())
        if not _down_servers(state):
            _print(state, as_json=as_json)
            return 0
        raise StackError("servers of an earlier `up` have ended; run `rowcast-stack down` first")
    stack = Stack(detached=True)
    names = ["source", *(f"shard{number}" for number in range(1, count))][:count]
    try:
        with ThreadPoolExecutor(2) as pool:
            cluster = pool.submit(stack.start_kafka, brokers, own=True) if brokers else None
            servers = stack.start_mysqls(*names, own=True) if names else []
            bootstrap = cluster.result().bootstrap if cluster else ""
    except BaseException:
        stack.stop()
        raise
    state = {
        "run": str(stack.directory),
        "mysql": [
            {"name": server.name, "url": server.url(), "port": server.port, "version": server.version}
            for server in servers
        ],
        "kafka": {"bootstrap": bootstrap, "brokers": brokers, "version": kafka_version()},
    }
    path.write_text(json.dumps(state, indent=1))
    _print(state, as_json=as_json)
    return 0


def _down(path: Path) -> int:
    if path.exists():
        reap(Path(json.loads(path.read_text())["run"]))
        path.unlink()
    return 0


def _sql(path: Path, name: str, statement: str) -> int:
    if not path.exists():
        raise StackError("nothing is up; run `rowcast-stack up` first")
    urls = {server["name"]: server["url"] for server in json.loads(path.read_text())["mysql"]}
    if name not in urls:
        raise StackError(f"there is no server {name!r}, but {', '.join(urls)}")
    for row in mysql.named(name, urls[name]).run(statement):
        print(*row, sep="\t")
    return 0


def _status(path: Path, *, as_json: bool) -> int:
    if not path.exists():
        print("[]" if as_json else "nothing is up")
        return 1
    state = json.loads(path.read_text())
    processes = processes_of(Path(state["run"]))
    if as_json:
        print(
            json.dumps(
                [{"name": process.name, "pid": process.pid, "running": process.is_running()} for process in processes]
            )
        )
    else:
        for process in processes:
            print(f"{process.name:<24} pid {process.pid:<8} {'running' if process.is_running() else 'ENDED'}")
        _print(state, as_json=False)
    return 1 if _down_servers(state) else 0


def _down_servers(state: dict[str, Any]) -> list[str]:
    processes = processes_of(Path(state["run"]))
    return [process.name for process in processes if not process.is_running()] or ([] if processes else ["all"])


def _print(state: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(state))
        return
    print(f"export {MYSQL_URLS}={','.join(server['url'] for server in state['mysql'])}")
    print(f"export {KAFKA_BOOTSTRAP}={state['kafka']['bootstrap']}")
    for server in state["mysql"]:
        print(f"export {server['name'].upper()}_PORT={server['port']}")
    for server in state["mysql"]:
        print(
            f"# {server['name']}: MySQL {server['version']} on 127.0.0.1:{server['port']}, user root without a password"
        )
