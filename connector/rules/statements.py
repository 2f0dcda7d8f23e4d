"""The shape of the statements by which a MySQL target applies a plan's rows. Called by `describe`.

`:a_x` is a value of the row after the change, `:b_x` one of the row before it. Groups are kept as Vitess keeps them:
a group's row stays when its last member leaves.
"""

from connector.model.plan import Aggregate, Plan, TargetExpression, TargetSelect


def target_statements(plan: Plan) -> dict[str, str]:
    """insert, update and delete; `nothing` where a change leaves the target as it is."""
    select = plan.target or TargetSelect(
        tuple(column.name for column in plan.output.columns), tuple(range(len(plan.output.columns))), (), "insert"
    )
    return _Shape(plan, select).statements()


class _Shape:
    def __init__(self, plan: Plan, select: TargetSelect) -> None:
        self._plan, self._select = plan, select
        self._table = _quoted(plan.output.name)
        keys = {index for index, value in enumerate(select.output) if value in plan.output.primary_key}
        self._grouped = set(select.group_by)
        self._keys = sorted(self._grouped or keys or range(len(select.names)))

    def statements(self) -> dict[str, str]:
        columns = ", ".join(map(_quoted, self._select.names))
        values = ", ".join(self._value(index, "a") for index in range(len(self._select.names)))
        insert = f"insert into {self._table} ({columns}) values ({values})"
        if self._select.mode == "ignore":
            ignoring = insert.replace("insert into", "insert ignore into", 1)
            return {"insert": ignoring, "update": ignoring, "delete": "nothing"}
        where = " and ".join(f"{self._name(index)} = {self._value(index, 'b')}" for index in self._keys)
        changed = [index for index in range(len(self._select.names)) if index not in self._grouped]
        assignments = ", ".join(filter(None, (self._update(index) for index in changed)))
        update = f"update {self._table} set {assignments} where {where}" if assignments else "nothing"
        if self._select.mode == "insert":
            return {"insert": insert, "update": update, "delete": f"delete from {self._table} where {where}"}
        raised = ", ".join(self._raised(index) for index in changed)
        lowered = ", ".join(self._lowered(index) for index in changed)
        return {
            "insert": f"{insert} on duplicate key update {raised}",
            "update": update,
            "delete": f"update {self._table} set {lowered} where {where}",
        }

    def _name(self, index: int) -> str:
        return _quoted(self._select.names[index])

    def _value(self, index: int, image: str) -> str:
        value = self._select.output[index]
        if isinstance(value, int):
            return f":{image}_{self._plan.output.columns[value].name}"
        if isinstance(value, TargetExpression):
            return f"({value.sql})"
        return "1" if value.column is None else f"ifnull({self._summed(value, image)}, 0)"

    def _summed(self, value: Aggregate, image: str) -> str:
        assert value.column is not None
        return f":{image}_{self._plan.output.columns[value.column].name}"

    def _update(self, index: int) -> str:
        value, name = self._select.output[index], self._name(index)
        if not isinstance(value, Aggregate):
            return f"{name} = {self._value(index, 'a')}"
        if value.column is None:
            return ""
        return f"{name} = {name} - {self._value(index, 'b')} + {self._value(index, 'a')}"

    def _raised(self, index: int) -> str:
        value, name = self._select.output[index], self._name(index)
        if not isinstance(value, Aggregate):
            return f"{name} = values({name})"
        return f"{name} = {name} + {'1' if value.column is None else f'ifnull(values({name}), 0)'}"

    def _lowered(self, index: int) -> str:
        value, name = self._select.output[index], self._name(index)
        if not isinstance(value, Aggregate):
            return f"{name} = null"
        return f"{name} = {name} - {self._value(index, 'b')}"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
