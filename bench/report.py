"""Results: a table for people, a JSON file to compare later runs with."""

import json
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table

from bench.workloads import Workload


class Cost(Protocol):
    """What a run took."""

    @property
    def wall_s(self) -> float: ...
    @property
    def cpu_s(self) -> float: ...
    @property
    def rss_mib(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement. `rows_per_s` = rows / (wall - idle), where idle is the same command with nothing to do."""

    workload: str
    subject: str
    rows: int
    wall_s: float
    idle_s: float
    rows_per_s: float
    cpu_us_per_row: float
    rss_mib: float

    @classmethod
    def of(cls, workload: Workload, subject: str, cost: Cost, idle_s: float) -> "Result":
        """From what a run took."""
        busy = max(cost.wall_s - idle_s, 0.001)
        return cls(
            workload.name,
            subject,
            workload.rows,
            round(cost.wall_s, 2),
            round(idle_s, 2),
            round(workload.rows / busy),
            round(cost.cpu_s / workload.rows * 1e6, 1),
            round(cost.rss_mib),
        )


def show(results: list[Result]) -> None:
    """The table, on standard output."""
    table = Table(title="rows through the pipeline")
    for heading in ("workload", "subject", "rows", "wall s", "idle s", "rows/s", "CPU us/row", "RSS MiB"):
        table.add_column(heading, justify="left" if heading in ("workload", "subject") else "right")
    for result in results:
        cells = asdict(result)
        table.add_row(*(f"{value:,}" if isinstance(value, int | float) else value for value in cells.values()))
    Console(width=max(120, Console().width)).print(table)


def store(results: list[Result], directory: Path) -> Path:
    """The file, named by the time of the run (UTC)."""
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime())
    about = {"python": platform.python_version(), "machine": platform.machine()}
    file.write_text(json.dumps({**about, "results": [asdict(result) for result in results]}, indent=1) + "\n")
    return file
