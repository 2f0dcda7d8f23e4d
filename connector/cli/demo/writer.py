"""A live writer for the shop: seeded random transactions, and a log of every row change that was committed.

Used by `rowcast demo` and by the fault tests, which compare the log with what arrived. One writer per server: the
log is exact because nobody else writes.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.cli.demo.shop import DATABASE
from connector.mysql.address import ServerAddress
from connector.mysql.connection import Connection, connect, query

Key = tuple[object, ...]


@dataclass(slots=True)
class ChangeLog:
    """Committed changes in order: (table, operation, key). A key change counts as d of the old and c of the new key."""

    changes: list[tuple[str, str, Key]] = field(default_factory=list)
    transactions: int = 0


class ShopWriter(threading.Thread):
    """Writes until `stop()`; `pause_s` between transactions keeps the machine usable."""

    def __init__(self, address: ServerAddress, *, seed: int, pause_s: float = 0.002) -> None:
        super().__init__(name="shop-writer", daemon=True)
        self.log = ChangeLog()
        self.error: BaseException | None = None
        self._address = address
        self._random = random.Random(seed)
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._next = 10_000_000  # ids of new rows, away from the loaded ones

    def stop(self) -> ChangeLog:
        """End after the transaction in progress; raises what made the writer fail."""
        self._ended.set()
        self.join()
        if self.error:
            raise self.error
        return self.log

    def run(self) -> None:
        """See `start`."""
        try:
            with connect(self._address, database=DATABASE) as connection:
                connection.autocommit(False)
                while not self._ended.wait(self._pause_s):
                    self._transaction(connection)
        except BaseException as error:  # noqa: BLE001  handed over to stop()
            self.error = error

    def _transaction(self, connection: Connection) -> None:
        """One to a handful of changes, sometimes a few hundred at once."""
        changes: list[tuple[str, str, Key]] = []
        steps = 1 if self._random.random() < 0.5 else self._random.randint(2, 6)
        actions: list[Callable[[Connection], list[tuple[str, str, Key]]]] = [
            self._new_order,
            self._new_order,
            self._update_customer,
            self._update_customer,
            self._move_order,
            self._rename_customer,
            self._delete_items,
            self._product_key,
            self._visits,
        ]
        for _ in range(steps):
            changes += self._random.choice(actions)(connection)
        connection.commit()
        self.log.changes += changes
        self.log.transactions += 1

    def _new_order(self, connection: Connection) -> list[tuple[str, str, Key]]:
        order = self._id()
        customer = self._customer()
        query(
            connection,
            "insert into orders values (%s, %s, now(3), null, 'new', %s, %s)",
            (order, customer, self._text(), self._random.randint(0, 10**6) / 100),
        )
        lines = self._random.randint(1, 4)
        for line in range(lines):
            query(
                connection,
                "insert into order_item (order_id, line, customer_id, sku, quantity, price, packed)"
                " values (%s, %s, %s, %s, %s, %s, '-01:02:03.45')",
                (order, line, customer, f"SKU-{line}", line - 1, self._random.random() * 100),
            )
        return [("orders", "c", (order,)), *(("order_item", "c", (order, line)) for line in range(lines))]

    def _update_customer(self, connection: Connection) -> list[tuple[str, str, Key]]:
        first = self._customer()
        count = 300 if self._random.random() < 0.02 else self._random.randint(1, 3)
        query(
            connection,
            "update customer set balance = balance + 0.01, updated = now(6), name = %s where id between %s and %s",
            (self._text(), first, first + count - 1),
        )
        last = min(first + count - 1, self._last_customer)
        return [("customer", "u", (key,)) for key in range(first, last + 1)]

    def _move_order(self, connection: Connection) -> list[tuple[str, str, Key]]:
        """Another customer: the row may move to the other shard, its key stays."""
        order = self._order()
        rows = query(connection, "select customer_id from orders where id = %s", (order,))
        if not rows:
            return []
        customer = self._customer()
        if rows[0][0] == customer:
            return []
        query(connection, "update orders set customer_id = %s where id = %s", (customer, order))
        return [("orders", "u", (order,))]

    def _rename_customer(self, connection: Connection) -> list[tuple[str, str, Key]]:
        """A swap of two values under a unique key: order matters at the target."""
        one = self._customer()
        two = one + 1 if one < self._last_customer else one - 1
        emails: dict[int, str] = dict(
            query(connection, "select id, email from customer where id in (%s, %s)", (one, two))
        )
        query(connection, "update customer set email = %s where id = %s", (f"tmp-{one}", one))
        query(connection, "update customer set email = %s where id = %s", (emails[one], two))
        query(connection, "update customer set email = %s where id = %s", (emails[two], one))
        return [("customer", "u", (one,)), ("customer", "u", (two,)), ("customer", "u", (one,))]

    def _delete_items(self, connection: Connection) -> list[tuple[str, str, Key]]:
        order = self._order()
        lines = query(connection, "select line from order_item where order_id = %s order by line", (order,))
        query(connection, "delete from order_item where order_id = %s", (order,))
        return [("order_item", "d", (order, line)) for (line,) in lines]

    def _product_key(self, connection: Connection) -> list[tuple[str, str, Key]]:
        """An update of the primary key itself."""
        number = self._random.randint(1, 5000)
        rows = query(connection, "select sku, region from product where shard = %s", (number,))
        if not rows:
            return []
        sku, region = rows[0]
        new = f"SKU-{number}-{self._id()}"[:32]
        query(connection, "update product set sku = %s where sku = %s and region = %s", (new, sku, region))
        return [("product", "d", (sku, region)), ("product", "c", (new, region))]

    def _visits(self, connection: Connection) -> list[tuple[str, str, Key]]:
        """A multi-row statement."""
        keys = [self._random.randbytes(16) for _ in range(self._random.randint(1, 20))]
        values = ", ".join("(%s, %s, now(6), '/live', null, point(1, 2))" for _ in keys)
        arguments = [value for key in keys for value in (key, self._customer())]
        query(connection, f"insert into visit values {values}", tuple(arguments))
        return [("visit", "c", (key,)) for key in keys]

    _last_customer = 20_000

    def limit(self, customers: int) -> None:
        """How many customers were loaded."""
        self._last_customer = customers

    def _customer(self) -> int:
        return self._random.randint(1, self._last_customer)

    def _order(self) -> int:
        if self._next > 10_000_000 and self._random.random() < 0.5:
            return self._random.randint(10_000_001, self._next)
        return self._random.randint(1, self._last_customer)

    def _id(self) -> int:
        self._next += 1
        return self._next

    def _text(self) -> str:
        text = self._random.choice(("plain", 'it\'s \\ "q"', "Zoë 李 🚚", "", "x" * 60))
        return f"{text}{self._random.random():.8f}"


def wait_for(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll a condition on real servers; a TimeoutError names what did not happen."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)
