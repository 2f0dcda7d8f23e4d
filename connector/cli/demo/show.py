"""The live picture of the demo: rows/s and lag of the source stream and of each shard, from metrics and `_vt`.

A table that redraws itself on a terminal; elsewhere a line every two seconds.
"""

import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from urllib.error import URLError

from rich.console import Console
from rich.live import Live
from rich.table import Table

from connector.model.errors import RowcastError
from connector.model.gtid import GtidSet
from connector.model.position import parse_position
from connector.mysql.address import ServerAddress
from connector.mysql.connection import connect, query

_TICK_S = 0.25
_LINE_EVERY_S = 2.0
_SAMPLE = re.compile(r"^rowcast_(rows_total|lag_seconds)\{(.*)\} ([0-9.e+-]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Progress:
    """Asks the servers and rowcast's /metrics; `copied` and `caught_up` say how far the shards are."""

    def __init__(
        self, console: Console, source: ServerAddress, shards: Mapping[str, ServerAddress], listener: str
    ) -> None:
        self._console = console
        self._source = source
        self._shards = shards
        self._listener = listener
        self._rows: dict[str, float] = {}
        self._rates: dict[str, float] = {}
        self._lags: dict[str, float] = {}
        self._sampled = 0.0
        self._states: dict[str, tuple[str, str]] = {}  # shard -> (state, position)

    @property
    def copied(self) -> bool:
        """All shards have finished the copy phase."""
        return len(self._states) == len(self._shards) and all(state == "Running" for state, _ in self._states.values())

    @property
    def caught_up(self) -> bool:
        """All shards have applied everything that the source has executed."""
        with connect(self._source) as connection:
            ((executed,),) = query(connection, "select @@global.gtid_executed")
        target = GtidSet.parse(str(executed))
        return len(self._states) == len(self._shards) and all(
            parse_position(position).contains(target) for _, position in self._states.values()
        )

    def follow(
        self,
        rowcast: "subprocess.Popen[bytes]",
        *,
        seconds: float,
        until: Callable[[], bool] | None = None,
        what: str = "",
    ) -> None:
        """Show progress for some seconds, or until a condition holds (TimeoutError when it does not in time)."""
        end = time.monotonic() + seconds
        printed = time.monotonic()
        with Live(self._table(), console=self._console, transient=True, auto_refresh=False) as live:
            while time.monotonic() < end:
                self._look()
                live.update(self._table(), refresh=True)
                if until is not None and until():
                    break
                if rowcast.poll() is not None:
                    raise RuntimeError(f"rowcast ended with status {rowcast.returncode}")
                if not self._console.is_terminal and time.monotonic() - printed >= _LINE_EVERY_S:
                    printed = time.monotonic()
                    self._console.print("    " + self._line(), highlight=False)
                time.sleep(_TICK_S)
            else:
                if until is not None:
                    raise TimeoutError(f"{what} took longer than {seconds:.0f} s")
        self._console.print("    " + self._line(), highlight=False)

    def _look(self) -> None:
        self._states = {name: state for name, address in self._shards.items() if (state := _shard_state(address))}
        try:
            with urllib.request.urlopen(f"{self._listener}/metrics", timeout=1) as answer:
                text = answer.read().decode()
        except (URLError, OSError):
            return  # rowcast is starting, or was just killed: the last numbers stay
        now = time.monotonic()
        seconds, self._sampled = now - self._sampled, now
        for metric, labels, value in _SAMPLE.findall(text):
            name = _name(dict(_LABEL.findall(labels)))
            if metric == "lag_seconds":
                self._lags[name] = float(value)
                continue
            before = self._rows.get(name, 0.0)
            rate = max(0.0, float(value) - before) / seconds if seconds < 60 else 0.0
            self._rates[name] = 0.6 * self._rates.get(name, rate) + 0.4 * rate
            self._rows[name] = float(value)

    def _table(self) -> Table:
        table = Table(title=None, box=None, padding=(0, 2))
        for heading in ("stream", "rows", "rows/s", "lag s", "state"):
            table.add_column(heading, justify="left" if heading in ("stream", "state") else "right")
        for name in sorted(self._rows, key=lambda name: (not name.startswith("source"), name)):
            state = next((state for shard, (state, _) in self._states.items() if name.endswith(shard)), "")
            table.add_row(
                name,
                f"{self._rows[name]:,.0f}",
                f"{self._rates.get(name, 0):,.0f}",
                f"{self._lags.get(name, 0):.2f}",
                state,
            )
        return table

    def _line(self) -> str:
        parts = [
            f"{name}: {self._rows[name]:,.0f} rows, {self._rates.get(name, 0):,.0f}/s, "
            f"lag {self._lags.get(name, 0):.2f} s"
            for name in sorted(self._rows, key=lambda name: (not name.startswith("source"), name))
        ]
        return " | ".join(parts) or "starting"


def _name(labels: Mapping[str, str]) -> str:
    return "source" if labels.get("kind") == "source" else f"shard {labels.get('shard', '')}"


def _shard_state(address: ServerAddress) -> tuple[str, str] | None:
    """State and position of the shard's stream; None before the sink has made its row."""
    try:
        with connect(address) as connection:
            rows = query(connection, "select state, pos from _vt.vreplication")
    except RowcastError:
        return None  # `_vt` does not exist yet
    return (_text(rows[0][0]), _text(rows[0][1])) if rows else None


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
