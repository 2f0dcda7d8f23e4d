"""Settings: one frozen tree from TOML and the environment. Imported by connector.worker and connector.cli alone."""

from connector.config.loading import build, load, load_kafka
from connector.config.redaction import effective
from connector.config.references import Resolver
from connector.config.settings import KafkaSettings, KeyspaceSettings, NamedVindexSetting, Settings, VindexSetting
from connector.config.sink import ConsoleSinkSettings, SinkSettings
from connector.config.source import RuleSetting, SourceSettings

__all__ = [
    "ConsoleSinkSettings",
    "KafkaSettings",
    "KeyspaceSettings",
    "NamedVindexSetting",
    "Resolver",
    "RuleSetting",
    "Settings",
    "SinkSettings",
    "SourceSettings",
    "VindexSetting",
    "build",
    "effective",
    "load",
    "load_kafka",
]
