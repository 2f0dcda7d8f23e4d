"""Answers NeedPlan: which table version is this, what does its rule say, under which schema ids is it published.

Called by `stream.task` for the binlog and by `stream.copying` for the snapshot. Table versions come from
information_schema when it agrees with the table map, else from the table map itself (decision 0002).
"""

import json
from dataclasses import replace

from connector.decode.tables import mismatches, table_from_map
from connector.encode.envelope import key_schema, value_schema
from connector.encode.rows import row_schema
from connector.kafka.registry import SchemaRegistry
from connector.kafka.topics import Topics, TopicSpec
from connector.model.errors import SchemaMismatch
from connector.model.events import TableMap
from connector.model.table import Table
from connector.mysql.connection import connect
from connector.mysql.introspect import read_tables
from connector.stream.options import SourceOptions
from connector.transcode.protocol import BoundPlan
from schemas.names import key_subject, record_subject, table_topic, value_subject


class TablePlans:
    """Plans of one stream, by table version. Opens a control connection only when it has to ask."""

    def __init__(self, options: SourceOptions, registry: SchemaRegistry, topics: Topics) -> None:
        self._options = options
        self._registry = registry
        self._topics = topics
        self._tables: dict[tuple[str, str], Table | None] = {}
        self._bound: dict[Table, BoundPlan | None] = {}

    def answer(self, table_map: TableMap) -> BoundPlan | None:
        """The plan for this version, None when no rule wants the table."""
        if self._options.rules.rule_for(table_map.database, table_map.table) is None:
            return None
        return self.bind(self._version(table_map))

    def bind(self, table: Table) -> BoundPlan | None:
        """Plan a table version, create its topic and register its schemas."""
        if table not in self._bound:
            plan = self._options.rules.plan(table)
            self._bound[table] = None if plan is None else self._publish(BoundPlan(plan))
        return self._bound[table]

    def forget(self) -> None:
        """After DDL: what information_schema said is old."""
        self._tables.clear()

    def read(self) -> list[Table]:
        """All tables that a rule matches, in name order, as information_schema has them now."""
        with connect(self._options.address) as connection:
            databases = self._options.databases()
            found = [table for database in databases for table in read_tables(connection, database).values()]
        matched = [table for table in found if self._options.rules.rule_for(table.database, table.name)]
        return sorted(matched, key=lambda table: (table.database, table.name))

    def _version(self, table_map: TableMap) -> Table:
        key = (table_map.database, table_map.table)
        for attempt in ("cached", "read again"):
            if key not in self._tables or attempt == "read again":
                self._tables[key] = self._introspect(*key)
            table = self._tables[key]
            if table is not None and not mismatches(table_map, table):
                return table
        if table_map.full:
            return table_from_map(table_map)
        table = self._tables[key]
        differences = mismatches(table_map, table) if table else ["the table does not exist any more"]
        raise SchemaMismatch("; ".join(differences[:3]), table=".".join(key))

    def _introspect(self, database: str, name: str) -> Table | None:
        with connect(self._options.address) as connection:
            return read_tables(connection, database, [name]).get(name)

    def _publish(self, bound: BoundPlan) -> BoundPlan:
        options, output = self._options, bound.plan.output
        if options.stream_topic:
            schema = row_schema(output)
            described = json.loads(schema)
            subject = record_subject(options.stream_topic, f"{described['namespace']}.{described['name']}")
            bound = replace(bound, row_schema=self._registry.register(subject, schema))
        if options.envelope:
            topic = table_topic(options.topic_prefix, output.database, output.name)
            self._topics.ensure([TopicSpec(topic, options.table_partitions, fixed=False)])
            key = key_schema(options.envelope, output)
            if options.envelope.key_format == "avro" and key is not None:
                bound = replace(bound, key_schema=self._registry.register(key_subject(topic), key))
            if options.envelope.value_format == "avro":
                value = value_schema(options.envelope, output)
                bound = replace(bound, value_schema=self._registry.register(value_subject(topic), value))
        return bound
