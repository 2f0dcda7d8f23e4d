"""What one file shows by itself: settings that do not fit each other, rules that do not parse. Exit status 2.

Called by every command that takes a FILE, before anything is connected to; `rule_set` also by the wiring.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connector.config import Resolver, Settings, SinkSettings, SourceSettings, VindexSetting, load
from connector.kafka.config import client_config
from connector.model.errors import ConfigError, MissingSetting, RowcastError
from connector.model.finding import Finding
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from connector.rules.vschema_json import read_vschema


def load_valid(path: Path) -> Settings:
    """The settings of a file in which everything fits together."""
    settings = load(path)
    if not settings.connectors:
        raise MissingSetting("the file has no connectors", hint="Add a table [connectors.<name>].", file=path)
    validate(settings)
    return settings


def validate(settings: Settings) -> None:
    """Raise the first error that the settings alone show."""
    properties = settings.kafka.unresolved()
    client_config(properties, role="producer")
    client_config(properties, role="consumer")
    _distinct("topic.prefix", {name: source.topic_prefix for name, source in settings.sources.items()})
    streams = {name: it.stream_topic for name, it in settings.sources.items() if it.topic_mode != "table"}
    _distinct("stream topic", streams)
    for name, source in settings.sources.items():
        _check_names(name, source)
        _check_routing(settings, name, rule_set(settings, name))
    for name, sink in settings.sinks.items():
        _check_sink(settings, name, sink)


def remarks(settings: Settings) -> Iterator[Finding]:
    """What the file alone shows to be a mistake, most likely, but not an error."""
    for remark in vschema_of(settings).remarks:
        yield Finding(
            ConfigError.code, "warning", remark, "Vitess ignores it as well; remove it or correct its name.", "vschema"
        )


def rule_set(settings: Settings, name: str) -> RuleSet:
    """The rules of a source. Errors: RuleInvalid, RuleUnsupported, KeyRangeInvalid, VindexUnknown, ConfigError."""
    source = settings.sources[name]
    keyspace = Resolver().text(source.keyspace or "")
    shards = source.shards if source.topic_mode != "table" else ()
    rules, vschema = rules_of(source, name), vschema_of(settings)
    with _naming(f"connectors.{name}.rules"):
        return RuleSet(rules, keyspace=keyspace, vschema=vschema, shards=shards)


def rules_of(source: SourceSettings, name: str) -> list[Rule]:
    """The rules as written, or the rules that stand for table.include.list and table.exclude.list."""
    if source.rules:
        return [Rule(rule.match, rule.filter, rule.on_filter_change) for rule in source.rules]
    if source.table_include_list:
        return [Rule(f"/{each}/") for each in _table_patterns(source, source.table_include_list, name, "include")]
    everything = Rule("/.*/")
    excluded = _table_patterns(source, source.table_exclude_list, name, "exclude")
    return [*(Rule(f"/{each}/", "exclude") for each in excluded), everything]


def _table_patterns(source: SourceSettings, patterns: Sequence[str], name: str, which: str) -> Iterator[str]:
    """Debezium's expressions are for database.table as a whole; a rule's are for tables of the keyspace."""
    for pattern in patterns:
        for prefix in (f"{source.keyspace}\\.", f"{source.keyspace}."):
            if pattern.startswith(prefix):
                yield f"^(?:{pattern.removeprefix(prefix)})$"
                break
        else:
            raise ConfigError(
                f"connectors.{name}.table.{which}.list has an expression for tables outside the keyspace",
                hint=f"Begin every expression with {source.keyspace}\\. or write rules.",
                expression=repr(pattern),
            )


def _check_names(name: str, source: SourceSettings) -> None:
    """Without a keyspace only database.table names a table."""
    if source.keyspace is None and (
        not source.rules or any(rule.match.startswith("/") or "." not in rule.match for rule in source.rules)
    ):
        raise MissingSetting(
            f"connectors.{name}.keyspace is missing",
            hint='Add "keyspace" = "<the MySQL database>", or name every table as database.table.',
        )


def _check_routing(settings: Settings, name: str, rules: RuleSet) -> None:
    """Rows of a table that is named exactly need a vindex when there are shards to choose from."""
    source = settings.sources[name]
    if source.topic_mode == "table" or len(source.shards) < 2:
        return
    keyspace = Resolver().text(source.keyspace or "")
    vschema = vschema_of(settings)
    for database, table in rules.exact_tables():
        if vschema.vindex_of(database, table, keyspace) is None:
            raise MissingSetting(
                f"vschema.{database}.{table} is missing: connectors.{name}.target.shards has {len(source.shards)} "
                "key ranges, and nothing says to which of them its rows belong",
                hint=f'Add [vschema.{database}.{table}] with column = "…" and type = "…".',
            )


def _check_sink(settings: Settings, name: str, sink: SinkSettings) -> None:
    """The shards of a sink are the partitions of its streams, one each and in order."""
    covered = (b"", *(shard.end for shard in sink.ranges[:-1])) == tuple(shard.start for shard in sink.ranges)
    if not covered or sink.ranges[-1].end:
        raise ConfigError(
            f"connectors.{name}.shards leave key ranges without a target, or overlap",
            hint="Name a target for every key range, such as -80 and 80-.",
        )
    for source_name, source in settings.sources.items():
        if source.topic_mode != "table" and source.stream_topic in sink.streams and source.shards != sink.ranges:
            raise ConfigError(
                f"connectors.{name}.shards are {_shown(sink)}, but connectors.{source_name}.target.shards are "
                f"{','.join(str(shard) for shard in source.shards)}",
                hint="Give both the same key ranges: every partition of the stream topic is one target shard.",
            )


def _shown(sink: SinkSettings) -> str:
    return ",".join(str(shard) for shard in sink.ranges)


def _distinct(what: str, values: dict[str, str]) -> None:
    seen: dict[str, str] = {}
    for name, value in values.items():
        if value in seen:
            raise ConfigError(
                f"connectors.{seen[value]} and connectors.{name} have the same {what} {value!r}",
                hint="Give every source names of its own, or their changes mix in the same topics.",
            )
        seen[value] = name


def vschema_of(settings: Settings) -> VSchema:
    """The vschema of all keyspaces. Errors: ConfigError, VindexUnknown."""
    with _naming("vschema"):
        return VSchema.joined(
            _keyspace_vschema(settings, keyspace) for keyspace in {**settings.vschema, **settings.vindexes}
        )


def _keyspace_vschema(settings: Settings, keyspace: str) -> VSchema:
    tables = settings.vschema.get(keyspace, {})
    vindexes = {
        name: {"type": vindex.type, "params": vindex.params}
        for name, vindex in settings.vindexes.get(keyspace, {}).items()
    }
    if isinstance(tables, str):
        return VSchema.joined([VSchema.of_keyspace(keyspace, {}, vindexes), read_vschema(keyspace, tables)])
    entries = {
        table: [_entry(each) for each in (vindex if isinstance(vindex, tuple) else (vindex,))]
        for table, vindex in tables.items()
    }
    return VSchema.of_keyspace(keyspace, entries, vindexes)


def _entry(vindex: VindexSetting) -> dict[str, object]:
    kind: dict[str, object] = {"name": vindex.name} if vindex.name else {"type": vindex.type}
    return {"columns": list(vindex.names), "params": vindex.params, **kind}


@contextmanager
def _naming(setting: str) -> Iterator[None]:
    """Put the setting in front of the message of every error that the block raises."""
    try:
        yield
    except RowcastError as error:
        named = type(error)(f"{setting}: {error.what}", hint=error.specific_hint)
        named.context = error.context
        raise named from None
