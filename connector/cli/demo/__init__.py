"""`rowcast demo`: the main job on real servers, from nothing, with a SIGKILL in the middle and a proof at the end.

The steps are numbered in `execute`. Exit status 0 only when the proof holds. DEMO_KEEP=1 leaves everything running.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from connector.cli.demo.proof import compare_feed, compare_shards
from connector.cli.demo.shop import DATABASE, TABLES, configuration, create_tables, load
from connector.cli.demo.show import Progress
from connector.cli.demo.writer import ShopWriter
from connector.kafka.reader import TopicReader
from connector.kafka.registry import open_registry
from connector.model.errors import UsageError
from connector.mysql.address import ServerAddress
from connector.mysql.connection import connect
from connector.mysql.introspect import read_tables
from schemas.names import table_topic
from sinks.messages import MessageDecoder

if TYPE_CHECKING:
    from tools.stack import MySqlServer, Stack

_SEED = 2026
_PATIENCE_S = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `rowcast demo`."""
    parser.add_argument("--rows", type=int, default=100_000, help="rows in the shop before the start (100,000)")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long the writer runs (8)")


def execute(args: argparse.Namespace) -> int:
    """Runs the demo; returns the exit status."""
    keep = os.environ.get("DEMO_KEEP") == "1"
    console = Console(soft_wrap=True)
    stack = _stack(detached=keep)
    started = time.monotonic()
    try:
        _demo(args, stack, console, keep=keep)
    except BaseException:
        stack.stop()
        raise
    if not keep:
        stack.stop()
    console.print(f"[bold green]The demo is done[/], in {time.monotonic() - started:.0f} s.")
    return 0


def _demo(args: argparse.Namespace, stack: "Stack", console: Console, *, keep: bool) -> None:
    def step(text: str) -> None:
        console.print(f"[bold cyan]==>[/] {text}")

    step("1. Starting a source, two shards and Kafka")
    source, *shards = stack.start_mysqls("source", "shard -80", "shard 80-")
    kafka = stack.start_kafka()
    addresses = {name: _address(server) for name, server in zip(("-80", "80-"), shards, strict=True)}

    step(f"2. Loading a shop of {len(TABLES)} tables")
    for server in (source, *shards):
        with connect(_address(server)) as connection:
            create_tables(connection)
            if server is source:
                rows = load(connection, args.rows)
    loaded = {table.name: args.rows * table.share // 100 for table in TABLES}
    console.print(f"    {rows:,} rows in {', '.join(table.name for table in TABLES)}")

    step("3. Starting rowcast: stream topic for the shards, table topics for everybody")
    file = stack.directory / "shop.toml"
    listener = f"http://127.0.0.1:{_free_port()}"
    file.write_text(
        configuration(
            source=f"{source.host}:{source.port}",
            shards=(f"{shards[0].host}:{shards[0].port}", f"{shards[1].host}:{shards[1].port}"),
            bootstrap=kafka.bootstrap,
            listener=listener,
        )
    )
    log = stack.directory / "rowcast.log"
    rowcast = _start(file, log)
    progress = Progress(console, _address(source), addresses, listener)
    try:
        progress.follow(rowcast, until=lambda: progress.copied, seconds=_PATIENCE_S, what="the copy")

        step(f"4. Writing to the shop for {args.seconds:.0f} s, killing rowcast with SIGKILL in the middle")
        writer = ShopWriter(_address(source), seed=_SEED)
        writer.limit(loaded["customer"])
        writer.start()
        progress.follow(rowcast, seconds=args.seconds / 2)
        os.killpg(rowcast.pid, signal.SIGKILL)
        rowcast.wait()
        console.print("    [bold red]killed[/]; starting it again")
        rowcast = _start(file, log)
        progress.follow(rowcast, seconds=args.seconds / 2)
        changes = writer.stop()
        console.print(
            f"    the writer made {len(changes.changes):,} row changes in {changes.transactions:,} transactions"
        )

        step("5. Catching up")
        progress.follow(rowcast, until=lambda: progress.caught_up, seconds=_PATIENCE_S, what="catching up")

        step("6. A few decoded messages")
        for topic in (f"shop.{DATABASE}.0", table_topic("shop", DATABASE, "orders")):
            _show_messages(console, topic, kafka.bootstrap)

        step("7. Proof")
        shard_proof = compare_shards(_address(source), addresses)
        with connect(_address(source)) as connection:
            tables = read_tables(connection, DATABASE)
        feed_proof = compare_feed(feed(kafka.bootstrap), loaded, changes, tables)
        console.print(
            f"    both shards together equal the source, row by row: {shard_proof.rows:,} rows "
            f"({' + '.join(f'{count:,}' for count in shard_proof.per_shard)})\n"
            f"    the table topics have every change once, in order per key: {feed_proof.copied:,} copied rows and "
            f"{feed_proof.changes:,} changes"
        )
    except BaseException:
        console.print(f"[bold red]The demo failed.[/] The end of rowcast's log ({log}):")
        console.print(_tail_of(log), markup=False, highlight=False)
        raise
    finally:
        if not keep or sys.exc_info()[0] is not None:
            _end(rowcast)
    if keep:
        _invite(console, file, source, kafka.bootstrap, rowcast)


def _stack(*, detached: bool) -> "Stack":
    try:
        from tools.stack import Stack
    except ImportError:
        raise UsageError(
            "the demo starts servers of its own and needs rowcast's source tree for that",
            hint="Clone the repository and run `make demo`.",
        ) from None
    return Stack(detached=detached)


def _address(server: "MySqlServer") -> ServerAddress:
    return ServerAddress(host=server.host, port=server.port, user=server.user, password=server.password)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(file: Path, log: Path) -> "subprocess.Popen[bytes]":
    """rowcast in a process group of its own, so that SIGKILL hits all of it at once."""
    command = [sys.executable, "-m", "connector.cli.main", "run", str(file)]
    with log.open("ab") as output:
        return subprocess.Popen(command, stderr=output, stdout=output, start_new_session=True)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _show_messages(console: Console, topic: str, bootstrap: str) -> None:
    command = [sys.executable, "-m", "connector.cli.main", "tail", topic, "--kafka", bootstrap]
    command += ["--from-beginning", "--max", "3", "--until-end"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    console.print(f"    $ rowcast tail {topic} --from-beginning --max 3", style="dim")
    for line in shown.stdout.splitlines():
        console.print("    " + (line if len(line) <= 300 else line[:297] + "..."), markup=False, highlight=False)


def feed(bootstrap: str) -> Iterator[tuple[str, object, object]]:
    """Every record of the shop's table topics as (table, key, value), decoded, read as read_committed."""
    kafka = {"bootstrap.servers": bootstrap}
    decoder = MessageDecoder(open_registry("kafka://_schemas", kafka).schema)
    for table in TABLES:
        topic = table_topic("shop", DATABASE, table.name)
        with TopicReader(kafka, topic) as reader:
            for record in reader.read_to(reader.ends()):
                message = decoder.any(record.topic, record.key, record.value)
                yield table.name, message["key"], message["value"]


def _tail_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:]) if log.exists() else ""


def _invite(
    console: Console, file: Path, source: "MySqlServer", bootstrap: str, rowcast: "subprocess.Popen[bytes]"
) -> None:
    console.print(
        f"Everything stays up (process group {rowcast.pid}). Try:\n"
        f"  .venv/bin/rowcast status {file}\n"
        f"  .venv/bin/rowcast tail shop.{DATABASE}.customer --kafka {bootstrap}\n"
        f"  mysql -h{source.host} -P{source.port} -uroot {DATABASE}"
        " -e \"update customer set name = 'me' where id = 1\"\n"
        f"End it with: kill -- -{rowcast.pid}; .venv/bin/rowcast-stack down",
        highlight=False,
        soft_wrap=True,
    )
