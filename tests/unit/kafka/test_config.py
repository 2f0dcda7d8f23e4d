"""[kafka] as librdkafka configuration: defaults, Java's names, rowcast's own names, secrets."""

import pytest

from connector.kafka.clients import Latch, open_admin, open_consumer, open_producer
from connector.kafka.config import PROTECTED, client_config, is_secret, socket_timeout_seconds
from connector.model.errors import KafkaConfigInvalid

BOOTSTRAP = {"bootstrap.servers": "127.0.0.1:1"}
SECRET = "hunter2-correct-horse"


def test_the_users_properties_win_over_the_defaults() -> None:
    config = client_config({**BOOTSTRAP, "linger.ms": "50", "client.id": "mine"}, role="producer")
    assert (config["linger.ms"], config["client.id"], config["compression.type"]) == ("50", "mine", "lz4")
    assert config["queue.buffering.max.kbytes"] == "65536"
    assert (config["acks"], config["enable.idempotence"]) == ("all", "true")


def test_a_default_gives_way_to_an_alias_of_its_name() -> None:
    config = client_config({**BOOTSTRAP, "compression.codec": "zstd", "queue.buffering.max.ms": "1"}, role="producer")
    assert "compression.type" not in config
    assert "linger.ms" not in config


def test_readers_see_committed_rows_only_and_join_no_group() -> None:
    config = client_config(BOOTSTRAP, role="consumer")
    assert config["isolation.level"] == "read_committed"
    assert (config["enable.auto.commit"], config["auto.offset.reset"]) == ("false", "error")
    assert config["fetch.queue.backoff.ms"] == "10"
    assert "linger.ms" not in config


def test_a_role_prefix_applies_to_that_role_only() -> None:
    kafka = {**BOOTSTRAP, "client.id": "all", "producer.client.id": "p", "consumer.fetch.wait.max.ms": "7"}
    assert client_config(kafka, role="producer")["client.id"] == "p"
    assert client_config(kafka, role="consumer")["client.id"] == "all"
    assert client_config(kafka, role="consumer")["fetch.wait.max.ms"] == "7"
    assert "fetch.wait.max.ms" not in client_config(kafka, role="producer")


@pytest.mark.parametrize("prefix", ["", "producer.", "consumer."])
@pytest.mark.parametrize("name", sorted(PROTECTED))
def test_names_that_are_rowcasts_own_are_refused(name: str, prefix: str) -> None:
    with pytest.raises(KafkaConfigInvalid) as raised:
        client_config({**BOOTSTRAP, prefix + name: "x"}, role="producer")
    assert raised.value.context == {"setting": prefix + name}
    assert raised.value.exit_status == 2


def test_java_names_are_translated() -> None:
    kafka = {
        **BOOTSTRAP,
        "max.request.size": "2097152",
        "buffer.memory": "33554432",
        "ssl.endpoint.identification.algorithm": "",
        "sasl.jaas.config": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" '
        'password="p\\"w";',
    }
    config = client_config(kafka, role="producer")
    assert config["message.max.bytes"] == "2097152"
    assert config["queue.buffering.max.kbytes"] == "32768"
    assert config["ssl.endpoint.identification.algorithm"] == "none"
    assert (config["sasl.username"], config["sasl.password"]) == ("u", 'p"w')
    assert "sasl.jaas.config" not in config


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("key.serializer", "x", "key.format"),
        ("ssl.truststore.location", "/t.jks", "ssl.ca.location"),
        ("interceptor.classes", "x", "Java classes"),
        ("error_cb", "print", "Remove error_cb"),
        ("default.topic.config", "x", "Remove"),
        ("sasl.jaas.config", f"Krb5LoginModule required keyTab={SECRET};", "sasl.username"),
        ("buffer.memory", "much", "librdkafka"),
    ],
)
def test_what_librdkafka_lacks_is_refused_with_the_way_out(name: str, value: str, hint: str) -> None:
    with pytest.raises(KafkaConfigInvalid) as raised:
        client_config({**BOOTSTRAP, name: value}, role="consumer")
    assert raised.value.context == {"setting": name}
    assert hint in raised.value.remedy
    assert SECRET not in str(raised.value)


def test_bootstrap_servers_are_needed() -> None:
    with pytest.raises(KafkaConfigInvalid, match="bootstrap"):
        client_config({}, role="admin")


@pytest.mark.parametrize(
    ("kafka", "name", "text"),
    [
        ({"foo.bar": "x"}, "foo.bar", "No such configuration property"),
        ({"linger.ms": "soon"}, "linger.ms", "Invalid value"),
        ({"security.protocol": "carrier-pigeon"}, "security.protocol", "Invalid value"),
        ({"queue.buffering.max.kbytes": "0"}, "queue.buffering.max.kbytes", "outside allowed range"),
        ({"security.protocol": "ssl", "ssl.ca.location": "/nope/ca.pem"}, "ssl.ca.location", "failed"),
        ({"security.protocol": "ssl", "ssl.key.pem": SECRET}, "ssl.key.pem", "not in PEM format"),
        ({"sasl.password": "no", "security.protocol": "no"}, "security.protocol", "Invalid value"),
    ],
)
def test_what_librdkafka_refuses_is_named(kafka: dict[str, str], name: str, text: str) -> None:
    with pytest.raises(KafkaConfigInvalid, match=text) as raised:
        open_producer(BOOTSTRAP | kafka, Latch(), {})
    assert raised.value.context == {"setting": name}
    assert SECRET not in f"{raised.value} {raised.value.remedy}"


def test_a_secret_value_is_never_repeated() -> None:
    kafka = {**BOOTSTRAP, "sasl.password": SECRET, "security.protocol": SECRET}
    for make in (lambda: open_consumer(kafka, Latch()), lambda: open_admin(kafka, Latch())):
        with pytest.raises(KafkaConfigInvalid) as raised:
            make()
        assert SECRET not in f"{raised.value!r} {raised.value} {raised.value.remedy}"
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("sasl.password", True),
        ("ssl.key.password", True),
        ("ssl.key.pem", True),
        ("sasl.oauthbearer.client.secret", True),
        ("sasl.jaas.config", True),
        ("ssl.keystore.password", True),
        ("sasl.username", False),
        ("ssl.ca.pem", False),
        ("sasl.oauthbearer.token.endpoint.url", False),
        ("bootstrap.servers", False),
    ],
)
def test_which_names_are_secret(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_socket_timeout() -> None:
    assert socket_timeout_seconds(BOOTSTRAP) == 60
    assert socket_timeout_seconds({**BOOTSTRAP, "socket.timeout.ms": "5000"}) == 5
    with pytest.raises(KafkaConfigInvalid, match=r"socket\.timeout\.ms"):
        socket_timeout_seconds({**BOOTSTRAP, "socket.timeout.ms": "x"})
