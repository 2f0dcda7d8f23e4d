"""What one file shows by itself: settings that do not fit each other, rules that do not parse. Exit status 2.

Called by every command that takes a FILE, before anything is connected to.
"""

from pathlib import Path

from connector.config import Resolver, Settings, load
from connector.kafka.config import client_config
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema

EXCLUDE = "exclude"


def load_valid(path: Path) -> Settings:
    """The settings of a file in which everything fits together."""
    settings = load(path)
    validate(settings)
    return settings


def validate(settings: Settings) -> None:
    """Raise the first error that the settings alone show."""
    kafka = settings.kafka.names()
    client_config(kafka, role="producer")
    client_config(kafka, role="consumer")
    _distinct_prefixes(settings)
    for name, source in settings.sources.items():
        _check_source(settings, name, source)
    for name, sink in settings.sinks.items():
        _check_sink(settings, name, sink)


def rule_set(settings: Settings, name: str) -> RuleSet:
    """The rules of a source. Errors: RuleInvalid, RuleUnsupported, KeyRangeInvalid, VindexUnknown, ConfigError."""
    source = settings.sources[name]
    keyspace = Resolver().text(source.keyspace or "")
    tables = {
        table: vindex.model_dump(exclude_defaults=True, by_alias=True)
        for table, vindex in settings.vschema.get(keyspace, {}).items()
    }
    with naming_setting(f"connectors.{name}.rules"):
        return RuleSet(
            rules_of(source, keyspace, name), keyspace=keyspace, vschema=VSchema.of(tables), shards=source.shards
        )
