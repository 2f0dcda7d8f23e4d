"""Schema registries behind one interface: ids for schemas and schemas for ids.

`open_registry` is called by the wiring for `schema.registry.url`; the source task registers, `rowcast tail` reads.
(Sinks have their own reading client.)
"""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import unquote, urlsplit

from connector.kafka.registry_file import FileRegistry
from connector.kafka.registry_http import HttpRegistry
from connector.kafka.registry_kafka import KafkaRegistry
from connector.model.errors import ConfigError


class SchemaRegistry(Protocol):
    """Both methods answer from memory when they can. Errors: RegistryFailed, and Kafka's for kafka://."""

    def register(self, subject: str, schema: str) -> int:
        """The id of an Avro schema (JSON text) under a subject; registers it when it is new there."""
        ...

    def schema(self, schema_id: int) -> str:
        """The schema (JSON text) with this id; RegistryFailed when there is none."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


def open_registry(url: str, kafka: Mapping[str, str]) -> SchemaRegistry:
    """kafka://TOPIC (in the cluster that [kafka] names), file:///PATH, or http(s)://[USER:PASSWORD@]HOST of a registry
    that speaks Confluent's API. Connects on first use; ConfigError for any other url.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "kafka" if parts.netloc and parts.path in ("", "/"):
            return KafkaRegistry(kafka, parts.netloc)
        case "file" if not parts.netloc and parts.path.strip("/"):
            return FileRegistry(unquote(parts.path))
        case "http" | "https" if parts.hostname:
            return HttpRegistry(url)
    raise ConfigError(
        "schema.registry.url is not a registry's address",
        hint='Write "kafka://_schemas", "file:///path" or "http://host:8081".',
        setting="schema.registry.url",
    )
