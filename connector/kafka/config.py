"""The user's [kafka] table as librdkafka configuration: defaults, names that Java clients use, names that are rowcast's
own.

Called by `connector.kafka.clients` for every client, and by preflight through it. Values are never repeated in an error
when the name says that they are secret.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from connector.model.errors import KafkaConfigInvalid

Role = Literal["producer", "consumer", "admin"]

DEFAULT_SOCKET_TIMEOUT_MS = 60_000
"""librdkafka's own; `publisher` compares commit times with it."""

PROTECTED = {
    "transactional.id": "it names the stream and fences its dead owner",
    "enable.idempotence": "transactions need it on",
    "acks": "transactions need acks=all",
    "request.required.acks": "transactions need acks=all",
    "isolation.level": "aborted rows must stay invisible",
    "group.id": "rowcast keeps positions itself; the worker group is `group.id` at the top level of the file",
    "transaction.timeout.ms": "rowcast derives it from the size of its transactions",
    "enable.auto.commit": "positions do not come from consumer groups",
    "enable.auto.offset.store": "positions do not come from consumer groups",
    "auto.offset.reset": "a lost offset must be an error",
    "enable.partition.eof": "rowcast reads to the end of topics with it",
}

RENAMED = {
    "max.request.size": ("message.max.bytes", 1),
    "buffer.memory": ("queue.buffering.max.kbytes", 1024),
}
"""Java name -> (librdkafka name, divisor of the value)."""

JAVA_ONLY = {
    "key.serializer": "remove it: rowcast encodes keys itself (key.format)",
    "value.serializer": "remove it: rowcast encodes values itself (value.format)",
    "key.deserializer": "remove it",
    "value.deserializer": "remove it",
    "interceptor.classes": "remove it: Java classes cannot be loaded",
    "metric.reporters": "remove it: Java classes cannot be loaded",
    "partitioner.class": "remove it: rows are partitioned by murmur2 of the key, as Java's default partitioner does",
    "max.block.ms": "remove it: rowcast waits as long as the stream's retry budget allows",
    "max.poll.records": "remove it",
    "default.api.timeout.ms": "use socket.timeout.ms",
    "sasl.login.callback.handler.class": "use sasl.oauthbearer.method=oidc and its settings",
    "sasl.client.callback.handler.class": "use sasl.oauthbearer.method=oidc and its settings",
    "ssl.truststore.location": "convert the trust store to PEM and name it in ssl.ca.location",
    "ssl.truststore.password": "convert the trust store to PEM and name it in ssl.ca.location",
    "ssl.truststore.type": "convert the trust store to PEM and name it in ssl.ca.location",
    "ssl.truststore.certificates": "use ssl.ca.pem",
    "ssl.keystore.type": "remove it: ssl.keystore.location takes PKCS#12, PEM files go to ssl.certificate.location",
    "ssl.keystore.key": "use ssl.key.pem",
    "ssl.keystore.certificate.chain": "use ssl.certificate.pem",
}

JAAS = "sasl.jaas.config"
JAAS_FIELD = re.compile(r"\b(username|password)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)')")
CODE_ONLY = re.compile(r".*_cb$|^(on_delivery|on_commit|logger|default\.topic\.config)$")
"""Names that the Python client takes as callables or objects: text cannot be one."""

SECRET_NAME = re.compile(r"password|secret|jaas|\bkey\.pem\b|token(?!\.endpoint)|credential", re.IGNORECASE)
QUOTED_NAME = re.compile(r'property:? "([^"]+)"')

ALIASES = {
    "queue.buffering.max.ms": "linger.ms",
    "compression.codec": "compression.type",
    "message.send.max.retries": "retries",
    "max.in.flight.requests.per.connection": "max.in.flight",
    "metadata.broker.list": "bootstrap.servers",
    "sasl.mechanisms": "sasl.mechanism",
    "message.timeout.ms": "delivery.timeout.ms",
}
"""librdkafka reports an alias by its first name; the user looks for the one in the file."""

COMMON: Mapping[str, str] = {
    "client.id": "rowcast",
    "socket.keepalive.enable": "true",
    "reconnect.backoff.max.ms": "2000",  # a restarted broker is found again in 2 s instead of 10
    "topic.metadata.refresh.interval.ms": "60000",
    "enable.metrics.push": "false",
}
PRODUCER: Mapping[str, str] = {
    "linger.ms": "5",
    "batch.size": "1000000",  # below the brokers' default message.max.bytes: only a single large row can exceed it
    "batch.num.messages": "10000",
    "compression.type": "lz4",
    "queue.buffering.max.messages": "200000",
    "queue.buffering.max.kbytes": "65536",  # the bound of a stream's memory in this room: 64 MiB
    "message.max.bytes": "16777216",  # a row may hold a MEDIUMTEXT
}
CONSUMER: Mapping[str, str] = {
    "group.id": "rowcast-reader",  # the client demands one; nothing joins or commits to it
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "enable.partition.eof": "true",
    "allow.auto.create.topics": "false",
    "fetch.queue.backoff.ms": "10",  # the default, a second, stops a reader whose local queue was full once
    "fetch.wait.max.ms": "100",
    "fetch.message.max.bytes": "4194304",
    "queued.min.messages": "20000",
    "queued.max.messages.kbytes": "65536",
}
FORCED: Mapping[Role, Mapping[str, str]] = {
    "producer": {"enable.idempotence": "true", "acks": "all"},
    "consumer": {"isolation.level": "read_committed"},
    "admin": {},
}
DEFAULTS: Mapping[Role, Mapping[str, str]] = {
    "producer": {**COMMON, **PRODUCER},
    "consumer": {**COMMON, **CONSUMER},
    "admin": COMMON,
}


def client_config(kafka: Mapping[str, str], *, role: Role) -> dict[str, Any]:
    """librdkafka configuration of one client: the user's properties over rowcast's defaults.

    `producer.x`, `consumer.x` and `admin.x` apply to clients of that role only. Raises KafkaConfigInvalid for names
    that are rowcast's own or exist in Java clients alone.
    """
    mine: dict[str, str] = {}
    for_role: dict[str, str] = {}
    for name, value in kafka.items():
        prefix, _, rest = name.partition(".")
        if prefix in DEFAULTS and rest:
            translated = _translate(rest, str(value), name)
            if prefix == role:
                for_role |= translated
        else:
            mine |= _translate(name, str(value), name)
    mine |= for_role
    if not mine.get("bootstrap.servers") and not mine.get("metadata.broker.list"):
        raise KafkaConfigInvalid(
            "[kafka] names no bootstrap.servers", hint='Add "bootstrap.servers" = "host:9092" to [kafka].'
        )
    taken = set(mine) | {first for first, alias in ALIASES.items() if alias in mine}
    taken |= {ALIASES[name] for name in mine if name in ALIASES}
    return {name: value for name, value in DEFAULTS[role].items() if name not in taken} | mine | dict(FORCED[role])


def socket_timeout_seconds(kafka: Mapping[str, str]) -> float:
    """How long librdkafka waits for one answer before it sends the request again."""
    text = client_config(kafka, role="producer").get("socket.timeout.ms", DEFAULT_SOCKET_TIMEOUT_MS)
    try:
        return int(text) / 1000
    except ValueError as error:
        raise KafkaConfigInvalid("[kafka] socket.timeout.ms is not a number", setting="socket.timeout.ms") from error


def is_secret(name: str) -> bool:
    """Whether the value of this property must never be shown."""
    return SECRET_NAME.search(name) is not None


def refused(reason: str, config: Mapping[str, Any]) -> KafkaConfigInvalid:
    """The error for a configuration that librdkafka refused; `reason` is its text, `config` what it was given."""
    text = reason.strip()
    found = QUOTED_NAME.search(text)
    name = found.group(1) if found else _mentioned(text, config)
    if name and name not in config and ALIASES.get(name) in config:
        name = ALIASES[name]
    for secret in sorted((str(v) for n, v in config.items() if is_secret(n) and str(v)), key=len, reverse=True):
        text = text.replace(secret, "***")
    return KafkaConfigInvalid(f"librdkafka refuses the configuration: {text}", setting=name)


def _mentioned(text: str, config: Mapping[str, Any]) -> str | None:
    named = [name for name in config if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text)]
    return max(named, key=len, default=None)


def _translate(name: str, value: str, written: str) -> dict[str, str]:
    if name in PROTECTED:
        raise KafkaConfigInvalid(
            f"[kafka] {written} cannot be set: {PROTECTED[name]}",
            hint=f"Remove {written} from [kafka].",
            setting=written,
        )
    if CODE_ONLY.match(name):
        raise KafkaConfigInvalid(
            f"[kafka] {written} is not a librdkafka property", hint=f"Remove {written} from [kafka].", setting=written
        )
    if name in JAVA_ONLY:
        raise KafkaConfigInvalid(
            f"[kafka] {written} exists in Java clients only", hint=f"{_sentence(JAVA_ONLY[name])}.", setting=written
        )
    if name in RENAMED:
        return _renamed(name, value, written)
    if name == JAAS:
        return _from_jaas(value, written)
    if name == "ssl.endpoint.identification.algorithm" and not value:
        return {name: "none"}  # Java spells "no host name check" as the empty text
    return {name: value}


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _renamed(name: str, value: str, written: str) -> dict[str, str]:
    target, divisor = RENAMED[name]
    if not value.strip().isdigit():
        raise KafkaConfigInvalid(f"[kafka] {written} is not a number of bytes", setting=written)
    return {target: str(max(1, int(value) // divisor))}


def _from_jaas(value: str, written: str) -> dict[str, str]:
    fields = {field: double or single for field, double, single in JAAS_FIELD.findall(value)}
    if set(fields) != {"username", "password"}:
        raise KafkaConfigInvalid(
            f"[kafka] {written} has no username and password that could be taken over",
            hint="Use sasl.mechanism, sasl.username and sasl.password (or sasl.oauthbearer.method=oidc).",
            setting=written,
        )
    plain = {field: re.sub(r"\\(.)", r"\1", text) for field, text in fields.items()}
    return {"sasl.username": plain["username"], "sasl.password": plain["password"]}
