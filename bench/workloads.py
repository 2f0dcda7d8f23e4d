"""What the source has written before a subject starts: a backlog of known size, on a table of ten common columns.

Every workload is a generator of (statement, arguments) lists, one list a transaction; `rows` says how many row events
they make. A new workload is one more entry of WORKLOADS.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DATABASE = "bench"

TABLE = """create table item (
  id bigint not null primary key, customer_id bigint unsigned not null, sku varchar(32) not null,
  quantity int not null, price decimal(12,2) not null, weight double null, state varchar(16) not null,
  note varchar(120) null, created datetime(3) not null, updated timestamp(6) not null)"""

Statement = tuple[str, tuple[object, ...]]
Transaction = list[Statement]


@dataclass(frozen=True, slots=True)
class Workload:
    """One shape of load. `rows` row events in `transactions` transactions."""

    name: str
    about: str
    rows: int
    transactions: int
    statements: Callable[[int, int], Iterator[Transaction]]


def _row(number: int) -> tuple[object, ...]:
    return (
        number,
        number % 1000,
        f"SKU-{number % 5000}",
        number % 7,
        f"{number % 100000}.{number % 100:02d}",
        number / 3,
        ("new", "paid", "sent")[number % 3],
        "x" * (number % 80),
        "2026-01-02 03:04:05.678",
        "2026-01-02 03:04:05.678901",
    )


_INSERT = "insert into item values " + "(" + ", ".join(["%s"] * 10) + ")"


def one_row(rows: int, transactions: int) -> Iterator[Transaction]:
    """70 % inserts, 20 % updates, 10 % deletes, one row each."""
    chooser = random.Random(7)
    alive: list[int] = []
    for number in range(transactions):
        choice = chooser.random()
        if choice < 0.7 or len(alive) < 10:
            alive.append(number)
            yield [(_INSERT, _row(number))]
        elif choice < 0.9:
            yield [("update item set quantity = quantity + 1, state = %s where id = %s", ("u", chooser.choice(alive)))]
        else:
            index = chooser.randrange(len(alive))
            alive[index], alive[-1] = alive[-1], alive[index]
            yield [("delete from item where id = %s", (alive.pop(),))]


def many_rows(rows: int, transactions: int) -> Iterator[Transaction]:
    """Multi-row inserts of rows / transactions rows each."""
    size = rows // transactions
    values = ", ".join(["(" + ", ".join(["%s"] * 10) + ")"] * size)
    for number in range(transactions):
        cells = tuple(cell for index in range(size) for cell in _row(number * size + index))
        yield [("insert into item values " + values, cells)]


WORKLOADS = {
    "w1": Workload("w1", "1-row transactions, 70/20/10 insert/update/delete", 20_000, 20_000, one_row),
    "w2": Workload("w2", "1,000-row transactions, inserts", 100_000, 100, many_rows),
}
