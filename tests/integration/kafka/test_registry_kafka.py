"""The embedded registry on a real topic: several processes write, ids stay unique and nothing is lost."""

import json
import multiprocessing
from collections.abc import Callable

import pytest

from connector.kafka.registry import open_registry
from connector.kafka.registry_kafka import KafkaRegistry
from connector.model.errors import RegistryFailed
from connector.model.record import Record
from tests.integration.kafka.conftest import NewTopic, OpenPublisher, ReadAll


def schema(name: str) -> str:
    return json.dumps({"type": "record", "name": name, "fields": [{"name": "id", "type": "long"}]})


def register_all(kafka: dict[str, str], topic: str, names: list[str]) -> dict[str, int]:
    registry = KafkaRegistry(kafka, topic)
    try:
        return {name: registry.register(f"{name}-value", schema(name)) for name in names}
    finally:
        registry.close()


def test_writers_in_two_processes_give_every_schema_one_id(
    kafka_settings: dict[str, str], unique_name: Callable[[str], str], read_all: ReadAll
) -> None:
    topic = unique_name("schemas")
    lists = [[f"A{n}" for n in range(10)] + [f"Both{n}" for n in range(10)], [f"B{n}" for n in range(10)]]
    lists[1] += [f"Both{n}" for n in range(10)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.starmap(register_all, [(kafka_settings, topic, names) for names in lists])
    both = {name for name in first if name in second}
    assert len(both) == 10
    assert {name: first[name] for name in both} == {name: second[name] for name in both}
    assert sorted((first | second).values()) == list(range(1, 31))

    reader = KafkaRegistry(kafka_settings, topic)
    for name, schema_id in (first | second).items():
        assert json.loads(reader.schema(schema_id)) == json.loads(schema(name))
    reader.close()
    assert len(read_all(topic)) == 30, "nothing was registered twice"


def test_the_records_are_in_confluents_format(
    kafka_settings: dict[str, str], unique_name: Callable[[str], str], read_all: ReadAll
) -> None:
    topic = unique_name("schemas")
    registry = open_registry(f"kafka://{topic}", kafka_settings)
    text = '{"type": "record", "name": "é", "fields": []}'
    assert registry.register("shop.customer-value", text) == 1
    assert registry.register("shop.order-value", text) == 1
    assert registry.register("shop.order-value", '"string"') == 2
    registry.close()
    compact = r"{\"type\":\"record\",\"name\":\"é\",\"fields\":[]}"
    assert [((r.key or b"").decode(), (r.value or b"").decode()) for r in read_all(topic)] == [
        (
            '{"keytype":"SCHEMA","subject":"shop.customer-value","version":1,"magic":1}',
            f'{{"subject":"shop.customer-value","version":1,"id":1,"schema":"{compact}","deleted":false}}',
        ),
        (
            '{"keytype":"SCHEMA","subject":"shop.order-value","version":1,"magic":1}',
            f'{{"subject":"shop.order-value","version":1,"id":1,"schema":"{compact}","deleted":false}}',
        ),
        (
            '{"keytype":"SCHEMA","subject":"shop.order-value","version":2,"magic":1}',
            '{"subject":"shop.order-value","version":2,"id":2,"schema":"\\"string\\"","deleted":false}',
        ),
    ]


def test_a_reader_follows_ids_and_a_fenced_writer_goes_on(
    kafka_settings: dict[str, str], unique_name: Callable[[str], str]
) -> None:
    topic = unique_name("schemas")
    one, two = KafkaRegistry(kafka_settings, topic), KafkaRegistry(kafka_settings, topic)
    ids = [one.register("a", schema("A"))]
    assert two.schema(1) == one.schema(1)
    ids += [two.register("b", schema("B")), one.register("c", schema("C")), two.register("d", schema("D"))]
    assert ids == [1, 2, 3, 4]
    assert json.loads(one.schema(4))["name"] == "D"
    with pytest.raises(RegistryFailed, match="no schema with this id"):
        one.schema(99)
    one.close()
    two.close()


def test_reading_a_registry_that_does_not_exist(
    kafka_settings: dict[str, str], unique_name: Callable[[str], str]
) -> None:
    with pytest.raises(RegistryFailed):
        KafkaRegistry(kafka_settings, unique_name("nowhere")).schema(1)


def test_a_log_that_another_registry_took_over_is_read_but_not_written(
    new_topic: NewTopic, open_publisher: OpenPublisher, kafka_settings: dict[str, str]
) -> None:
    topic = new_topic(compact=True)
    registry = KafkaRegistry(kafka_settings, topic)
    registry.register("a", schema("A"))
    other = open_publisher(new_topic(compact=True))
    other.produce([Record(topic, 0, b'{"keytype":"NOOP","magic":0}', None)])
    other.commit_transaction()
    fresh = KafkaRegistry(kafka_settings, topic)
    assert json.loads(fresh.schema(1))["name"] == "A"
    with pytest.raises(RegistryFailed, match="another schema registry"):
        fresh.register("b", schema("B"))
    registry.close()
    fresh.close()
