"""Runs one plan over row changes: filter, projection, routing. The reference that the native core is held against.

Called by `connector.transcode` for binlog rows and copied rows alike.
"""

from collections.abc import Callable

from connector.model.errors import VindexUnmappable
from connector.model.plan import Computed, FilteredChange, InKeyRange, Plan, Routing
from connector.model.sharding import ShardRouter
from connector.model.table import Row, Table, Value
from connector.rules.compare import row_values
from connector.rules.machine import cell_of, compile_predicate, compile_program
from connector.vindex.registry import build


class PlanEvaluator:
    """Compiled once per plan; belongs to one thread.

    Each image is judged alone: a row that leaves the filter is a delete, one that enters it an insert, and a row that
    moves between shards is a delete in one partition and an insert in another. Under on_filter_change "vitess" an
    update of which one image passes stays an update, unless the rule has an in_keyrange.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._terms = compile_predicate(plan.source, plan.predicate)
        self._project = _projection(plan)
        ranged = any(isinstance(opcode, InKeyRange) for opcode in plan.predicate)
        self._both = plan.on_filter_change == "vitess" and not ranged
        self._partition = _partition(plan.routing) if plan.routing else None

    def change(self, before: Row | None, after: Row | None) -> FilteredChange | None:
        """The change as the plan lets it through, None when nothing passes.

        `before` and `after` are complete source rows: insert has no before, delete no after. Raises VindexUnmappable
        and CollationUnsupported for a row that cannot be judged.
        """
        try:
            if self._both and before is not None and after is not None:
                if not self._passes(before) and not self._passes(after):
                    return None
                return self._routed(before, after)
            if before is not None and not self._passes(before):
                before = None
            if after is not None and not self._passes(after):
                after = None
            if before is None and after is None:
                return None
            return self._routed(before, after)
        except VindexUnmappable as error:
            raise VindexUnmappable(
                error.what, table=self._plan.source.qualified, vindex=error.context.get("vindex")
            ) from None

    def _passes(self, row: Row) -> bool:
        # A plain loop: this runs twice for every update of the table, and all() costs a generator each time.
        for term in self._terms:  # noqa: SIM110
            if not term(row):
                return False
        return True

    def _routed(self, before: Row | None, after: Row | None) -> FilteredChange:
        project = self._project
        old = None if before is None else project(before)
        new = None if after is None else project(after)
        if self._partition is None:
            return FilteredChange(old, new, ((0, old, new),))
        # The columns of the vindex need not be selected, so the partition comes from the source row.
        source = -1 if before is None else self._partition(before)
        target = -1 if after is None else self._partition(after)
        if source == target or after is None:
            routes: tuple[tuple[int, Row | None, Row | None], ...] = ((source, old, new),)
        elif before is None:
            routes = ((target, old, new),)
        else:
            routes = ((source, old, None), (target, None, new))
        return FilteredChange(old, new, routes)


def _projection(plan: Plan) -> Callable[[Row], Row]:
    indexes = tuple(source for source in plan.projection if isinstance(source, int))
    if indexes == tuple(range(len(plan.source.columns))) and len(indexes) == len(plan.projection):
        return lambda row: row
    if len(indexes) == len(plan.projection):
        return row_values(indexes)
    cells = [_cell(plan.source, source) for source in plan.projection]
    return lambda row: tuple([cell(row) for cell in cells])


def _cell(table: Table, source: int | Computed) -> Callable[[Row], Value]:
    if isinstance(source, int):
        index = source
        return lambda row: row[index]
    compute = compile_program(table, source.program)
    convert = cell_of(source.type)

    def cell(row: Row) -> Value:
        value = compute(row)
        return None if value is None else convert(value)

    return cell


def _partition(routing: Routing) -> Callable[[Row], int]:
    keyspace_id = build(routing.vindex).map
    values = row_values(routing.columns)
    route = ShardRouter(routing.shards).route
    return lambda row: route(keyspace_id(values(row)))
