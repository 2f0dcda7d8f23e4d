"""The settings tree: what a file may say, what every mistake is called, and that nothing but typed errors comes out."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.config import Resolver, Settings, build, effective, load, load_kafka
from connector.config.settings import CONNECTOR_CLASSES, VindexSetting
from connector.config.source import SourceSettings
from connector.model.errors import (
    ConfigError,
    ConfigNotFound,
    ConfigSyntaxError,
    KeyRangeInvalid,
    MissingSetting,
    RowcastError,
    UnknownSetting,
    UnresolvedReference,
)
from connector.model.keyrange import KeyRange

MARKER = "swordfish-7391"

SHOP: dict[str, Any] = {
    "kafka": {"bootstrap.servers": "127.0.0.1:9092"},
    "connectors": {
        "shop": {
            "connector.class": "rowcast.MySqlSource",
            "database.hostname": "127.0.0.1",
            "database.user": "rowcast",
            "database.password": MARKER,
            "topic.prefix": "shop",
            "topic.mode": "both",
            "keyspace": "shop",
            "target.shards": "-80,80-",
            "rules": [{"match": "customer", "filter": "select id from customer"}, {"match": "/^order"}],
        },
        "split": {
            "connector.class": "rowcast.MySqlSink",
            "streams": ["shop.shop.0"],
            "shards": {"-80": f"mysql://root:{MARKER}@127.0.0.1:3307/shop", "80-": "mysql://root@127.0.0.1:3308/shop"},
        },
    },
    "vschema": {"shop": {"customer": {"column": "id", "type": "hash"}}},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """SHOP with one setting changed; the path is written with slashes."""
    data = copy.deepcopy(SHOP)
    *tables, name = path.split("/")
    table = data
    for each in tables:
        table = table.setdefault(each, {})
    table[name] = value
    return data


def without(path: str) -> dict[str, Any]:
    data = changed(path, None)
    *tables, name = path.split("/")
    table = data
    for each in tables:
        table = table[each]
    del table[name]
    return data


def refused(data: dict[str, Any]) -> RowcastError:
    with pytest.raises(RowcastError) as caught:
        build(data, "shop.toml")
    assert MARKER not in str(caught.value)
    assert caught.value.exit_status == 2
    return caught.value


def test_everything_of_the_documented_file_is_understood() -> None:
    tree = build(SHOP, "shop.toml")
    source, sink = tree.sources["shop"], tree.sinks["split"]
    assert tree.group_id == "rowcast"
    assert tree.offsets_topic("shop") == "rowcast-shop-offsets"
    assert (source.database_port, source.snapshot_mode, source.value_format) == (3306, "initial", "avro")
    assert source.stream_topic == "shop.shop.0"
    assert [str(shard) for shard in source.shards] == ["-80", "80-"]
    assert [(rule.match, rule.filter) for rule in source.rules] == [
        ("customer", "select id from customer"),
        ("/^order", ""),
    ]
    assert [str(shard) for shard in sink.ranges] == ["-80", "80-"]
    targets = sink.targets(Resolver({}))
    address, database = targets[KeyRange.parse("-80")]
    assert (address.port, address.password, database) == (3307, MARKER, "shop")
    tables = tree.vschema["shop"]
    assert isinstance(tables, dict)
    assert isinstance(customer := tables["customer"], VindexSetting)
    assert customer.names == ("id",)


def test_debezium_s_class_name_makes_a_source() -> None:
    tree = build(changed("connectors/shop/connector.class", "io.debezium.connector.mysql.MySqlConnector"), "f")
    assert isinstance(tree.connectors["shop"], SourceSettings)


def test_server_id_is_stable_and_own() -> None:
    source = build(SHOP, "f").sources["shop"]
    assert source.server_id("rowcast", "shop") == 1116784725
    assert source.server_id("rowcast", "other") != source.server_id("rowcast", "shop")
    assert source.server_id("a", "shop") != source.server_id("b", "shop")
    assert build(changed("connectors/shop/database.server.id", 77), "f").sources["shop"].server_id("g", "n") == 77


UNKNOWN = [
    ("connectors/shop/database.hostnam", "127.0.0.1", "connectors.shop.database.hostnam", "database.hostname"),
    ("connectors/split/stream", ["x"], "connectors.split.stream", "streams"),
    ("group.ids", "x", "group.ids", "group.id"),
    ("conectors", {}, "conectors", "connectors"),
    ("vschema/shop/customer/colum", "id", "vschema.shop.customer.colum", "column"),
    ("keyspaces/shop/shards/-80/primry", "mysql://r@h/d", "keyspaces.shop.shards.-80.primry", "primary"),
]


@pytest.mark.parametrize(("path", "value", "named", "near"), UNKNOWN, ids=[case[2] for case in UNKNOWN])
def test_unknown_name_is_refused_with_the_nearest(path: str, value: Any, named: str, near: str) -> None:
    error = refused(changed(path, value))
    assert isinstance(error, UnknownSetting)
    assert f"{named} is not a setting" in str(error)
    assert error.remedy == f"Did you mean {near}?"


def test_rule_with_an_unknown_name() -> None:
    error = refused(changed("connectors/shop/rules", [{"match": "a", "filtr": "x"}]))
    assert error.what == "connectors.shop.rules.0.filtr is not a setting"
    assert error.remedy == "Did you mean filter?"


def test_name_without_quotes_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        '[kafka]\n"bootstrap.servers" = "h:1"\n[connectors.shop]\n"connector.class" = "MySqlSource"\n'
        'database.hostname = "h"\n"database.user" = "u"\n"topic.prefix" = "p"\n'
    )
    with pytest.raises(UnknownSetting) as caught:
        load(file)
    assert caught.value.remedy == 'TOML reads a name with dots as a table: write "database.…" in quotes.'


MISSING = [
    "connectors/shop/database.hostname",
    "connectors/shop/topic.prefix",
    "connectors/split/shards",
    "connectors/shop/connector.class",
    "kafka/bootstrap.servers",
    "vschema/shop/customer/type",
    "kafka",
]


@pytest.mark.parametrize("path", MISSING)
def test_missing_setting_is_named(path: str) -> None:
    error = refused(without(path))
    assert isinstance(error, MissingSetting)
    assert error.what == f"{path.replace('/', '.')} is missing"


INVALID = [
    ("connectors/shop/database.port", 99999, "connectors.shop.database.port must be less than or equal to 65535"),
    ("connectors/shop/database.port", True, "connectors.shop.database.port must be a whole number"),
    ("connectors/shop/database.port", MARKER, "connectors.shop.database.port must be a valid integer"),
    ("connectors/shop/database.password", 12345678, "connectors.shop.database.password must be a valid string"),
    ("connectors/shop/database.server.id", 0, "connectors.shop.database.server.id must be greater than or equal to 1"),
    ("connectors/shop/topic.mode", "tables", "connectors.shop.topic.mode must be 'table', 'stream' or 'both'"),
    ("connectors/shop/topic.prefix", "a b", "connectors.shop.topic.prefix cannot be part of a topic name"),
    ("connectors/shop/snapshot.mode", "when_needed", "connectors.shop.snapshot.mode cannot be when_needed: not built"),
    ("connectors/shop/compatibility", "debezium", "connectors.shop.compatibility cannot be debezium: not built"),
    ("connectors/shop/key.format", "protobuf", "connectors.shop.key.format must be 'avro', 'json' or 'json-schema'"),
    ("connectors/shop/table.include.list", "shop.a", "connectors.shop has rules and table.include.list"),
    ("connectors/shop/keyspace", None, "connectors.shop needs keyspace"),
    ("connectors/shop/rules", 5, "connectors.shop.rules must be a list"),
    ("connectors/shop/rules", "[{", "connectors.shop.rules must be a list or table; as text it has to be JSON"),
    ("connectors/shop", 5, "connectors.shop must be a table"),
    ("connectors", [], "connectors must be a table"),
    ("connectors/shop/connector.class", "rowcast.MySqlSorce", "connectors.shop.connector.class names no class"),
    ("connectors/split/streams", [], "connectors.split.streams must have at least 1 item"),
    ("connectors/split/on_ddl", "EXEC", "connectors.split.on_ddl cannot be EXEC: not built"),
    ("connectors/split/on_ddl", "ignore", "connectors.split.on_ddl must be 'IGNORE'"),
    ("connectors/split/create.tables", "copy", "connectors.split.create.tables cannot be copy: not built"),
    ("connectors/split/rules", [{"match": "a"}], "connectors.split.rules of a sink are not built"),
    ("connectors/split/shards", {"-80": "mysql://root@h"}, "connectors.split.shards.-80: the MySQL URL names no"),
    ("connectors/split/shards", {"-80": f"root:{MARKER}@h/d"}, "connectors.split.shards.-80: not a MySQL URL"),
    ("connectors/split/shards", {"0": "mysql://r@h/d", "-": "mysql://r@h/d"}, "connectors.split.shards names one key"),
    ("connectors/a b", SHOP["connectors"]["shop"], "connectors has a connector name that cannot be part"),
    ("kafka/ssl", {"ca": 1}, "kafka has a table ssl"),
    ("kafka/sasl.password", [MARKER], "kafka has a value for sasl.password that is not text"),
    ("log.level", "loud", "log.level must be"),
    ("rest.listeners", "127.0.0.1:80", "rest.listeners must be http://host:port"),
    ("schema.registry.url", "ftp://h", "schema.registry.url must be kafka://<topic>"),
    ("schema.registry.url", "kafka:", "schema.registry.url must be kafka://<topic>"),
    ("vschema/shop/customer/columns", ["a"], "vschema.shop.customer needs either column or columns"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "what"), INVALID, ids=[case[2][:60] for case in INVALID])
def test_invalid_value_names_the_whole_path(path: str, value: Any, what: str) -> None:
    error = refused(without(path) if value is None else changed(path, value))
    assert isinstance(error, ConfigError)
    assert what in str(error)
    assert error.remedy


@pytest.mark.parametrize("value", ["-80,90-", "80-,-80-", "x", "-80"])
def test_key_ranges_are_checked(value: str) -> None:
    error = refused(changed("connectors/shop/target.shards", value))
    assert isinstance(error, KeyRangeInvalid)
    assert "connectors.shop.target.shards" in str(error)


def test_several_problems_are_reported_together() -> None:
    data = changed("connectors/shop/database.hostnam", "h")
    del data["connectors"]["shop"]["database.hostname"]
    data["connectors"]["shop"]["database.port"] = 0
    error = refused(data)
    assert isinstance(error, UnknownSetting)
    assert error.what == (
        "connectors.shop.database.hostnam is not a setting; also: connectors.shop.database.hostname is missing; "
        "connectors.shop.database.port must be greater than or equal to 1 (it is 0)"
    )


def test_text_forms_of_a_rest_body() -> None:
    data = changed("connectors/shop/rules", '[{"match": "a"}]')
    data["connectors"]["shop"] |= {"database.port": "3399", "tombstones.on.delete": "false"}
    data["connectors"]["split"] |= {"streams": "a.b.0, c.d.0", "shards": '{"0": "mysql://root@h/d"}'}
    tree = build(data, "f")
    assert tree.sources["shop"].rules[0].match == "a"
    assert tree.sources["shop"].database_port == 3399
    assert tree.sources["shop"].tombstones_on_delete is False
    assert tree.sinks["split"].streams == ("a.b.0", "c.d.0")
    assert list(tree.sinks["split"].shards) == ["0"]


def test_environment_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROWCAST_KAFKA__BOOTSTRAP_SERVERS", "other:1")
    monkeypatch.setenv("ROWCAST_CONNECTORS__SHOP__DATABASE_PASSWORD", "from-environment")
    monkeypatch.setenv("ROWCAST_CONNECTORS__SPLIT__ON_DDL", "STOP")
    monkeypatch.setenv("ROWCAST_LOG_LEVEL", "debug")
    monkeypatch.setenv("ROWCAST_NOT_OURS", "x")
    tree = build(SHOP, "f")
    assert tree.kafka.bootstrap_servers == "other:1"
    assert tree.sources["shop"].address(Resolver({})).password == "from-environment"
    assert tree.sinks["split"].on_ddl == "STOP"
    assert tree.log_level == "debug"


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("ROWCAST_CONNECTORS__SHOP__DATABASE_PASWORD", "Did you mean ROWCAST_CONNECTORS__SHOP__DATABASE_PASSWORD?"),
        ("ROWCAST_CONNECTORS__SHOPP__DATABASE_PASSWORD", "Connectors of the file: shop, split."),
    ],
)
def test_misspelt_override_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, hint: str) -> None:
    monkeypatch.setenv(variable, MARKER)
    error = refused(SHOP)
    assert isinstance(error, UnknownSetting)
    assert variable in str(error)
    assert error.remedy == hint


def test_file_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigNotFound):
        load(tmp_path / "absent.toml")
    with pytest.raises(ConfigNotFound):
        load(tmp_path)
    for name, content in {
        "a": b"x = ",
        "b": b"\xff\xfe",
        "c": b"a = " + b"[" * 20000,
        "d": b"a = " + b"9" * 5000,
    }.items():
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(ConfigSyntaxError):
            load(file)


def test_kafka_without_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load_kafka(None, "h:1").kafka.bootstrap_servers == "h:1"
    with pytest.raises(MissingSetting, match=r"kafka\.bootstrap\.servers is missing"):
        load_kafka(None)
    monkeypatch.setenv("ROWCAST_KAFKA__BOOTSTRAP_SERVERS", "e:1")
    assert load_kafka(None).kafka.bootstrap_servers == "e:1"
    file = tmp_path / "f.toml"
    file.write_text('"group.id" = "g"\n[kafka]\n"bootstrap.servers" = "f:1"\n"client.id" = "me"\n')
    monkeypatch.delenv("ROWCAST_KAFKA__BOOTSTRAP_SERVERS")
    found = load_kafka(file, "cli:1")
    assert found.kafka.properties(Resolver({})) == {"bootstrap.servers": "cli:1", "client.id": "me"}
    assert found.group_id == "g"


def test_number_through_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PORT", "3311")
    data = changed("connectors/shop/database.port", "${env:SHOP_PORT}")
    assert build(data, "f").sources["shop"].database_port == 3311
    monkeypatch.delenv("SHOP_PORT")
    error = refused(data)
    assert isinstance(error, UnresolvedReference)
    assert error.what.startswith("connectors.shop.database.port: ${env:SHOP_PORT}")


def test_effective_and_repr_show_no_secret() -> None:
    data = changed("kafka/sasl.password", MARKER)
    data["schema.registry.url"] = f"http://me:{MARKER}@h:8081"
    data["keyspaces"] = {"shop": {"shards": {"-80": {"primary": f"mysql://r:{MARKER}@h:1/d"}}}}
    tree = build(data, "f")
    shown = effective(tree)
    assert MARKER not in str(shown) + repr(tree.connectors) + repr(tree.kafka)
    assert shown["connectors"]["shop"]["database.password"] == "******"
    assert shown["connectors"]["split"]["shards"]["-80"] == "mysql://root:******@127.0.0.1:3307/shop"
    assert shown["connectors"]["shop"]["database.port"] == 3306
    assert shown["kafka"] == {"bootstrap.servers": "127.0.0.1:9092", "sasl.password": "******"}


def test_tree_is_frozen() -> None:
    tree = build(SHOP, "f")
    with pytest.raises(ValueError, match="frozen"):
        tree.sources["shop"].database_port = 1


NAMES = st.sampled_from(
    ["kafka", "connectors", "vschema", "keyspaces", "shop", "rules", "match", "connector.class", "shards", "-80", "",
     "bootstrap.servers", "streams", "_env_file", "self", "group.id", "database.port", "database", "topic.mode"]
)  # fmt: skip
SCALARS = st.one_of(
    st.sampled_from(
        [*CONNECTOR_CLASSES, "${env:", "${env:NO_SUCH}", "${file:x}", "${x:y}", "-80", "mysql://", "[", "{}"]
    ),
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.none(),
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=5)
)


def outcome(data: dict[str, Any]) -> Settings | RowcastError:
    try:
        return build(data, "f")
    except RowcastError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, TREES, max_size=5))
@example({"_cli_parse_args": True})
@example({"kafka": {"bootstrap.servers": "h"}, "connectors": {"": {}}})
def test_arbitrary_tables_give_settings_or_a_typed_error(data: dict[str, Any]) -> None:
    found = outcome(data)
    assert isinstance(found, Settings) or (found.exit_status == 2 and str(found))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        sorted(f"connectors/shop/{name}" for name in SHOP["connectors"]["shop"])
        + sorted(f"connectors/split/{name}" for name in SHOP["connectors"]["split"])
    ),
    TREES,
)
def test_arbitrary_values_in_a_good_file(path: str, value: Any) -> None:
    found = outcome(changed(path, value))
    shown = str(effective(found)) if isinstance(found, Settings) else str(found)
    assert MARKER not in shown


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="[]{}=\",.#\n\\'ab1-_$:é\x00", max_size=40))
def test_arbitrary_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "f.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RowcastError) as caught:
        load(file)
    assert caught.value.exit_status == 2
