"""Bad input of every kind against the real command: exact code, exit status and hint, no traceback, no secret.

Each case changes one thing of a file that works (`test_the_unchanged_file_is_good` says so) and names what has to come
out. What the file shows by itself is printed on standard error; what `check` finds on servers is a list of findings.
"""

import copy
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connector.model import errors
from tools.stack import KafkaCluster, MySqlServer, Stack

MARKER = "swordfish-7391"
ROWCAST = Path(sys.executable).with_name("rowcast")
CLOSED = 1  # a port on which nothing listens

Config = dict[str, Any]
Change = Callable[[Config], None]


@dataclass(frozen=True)
class World:
    """Servers with a small shop, and the file that describes it."""

    config: Config
    source: MySqlServer
    shards: tuple[MySqlServer, MySqlServer]
    database: str


TABLES = """
    create table customer (id bigint primary key, name varchar(60) collate utf8mb4_bin, active tinyint);
    create table nokey (id bigint, name varchar(20));
    create table extra (id bigint primary key, a int, b int);
"""
TARGETS = """
    create table customer (id bigint primary key, name varchar(60) collate utf8mb4_bin, active tinyint);
    create table extra (id bigint primary key, a int);
"""


@pytest.fixture(scope="module")
def world(
    kafka: KafkaCluster, mysql_source: MySqlServer, mysql_shards: tuple[MySqlServer, MySqlServer]
) -> Iterator[World]:
    """Databases and accounts of this module alone."""
    name = f"bad_{secrets.token_hex(4)}"
    servers = (mysql_source, *mysql_shards)
    for server in servers:
        server.execute(f"create database {name}")
        server.execute(TABLES if server is mysql_source else TARGETS, name)
        server.execute(
            f"create user {name}@'%' identified by '{MARKER}'; grant all on *.* to {name}@'%';"
            f"create user {name}_poor@'%' identified by '{MARKER}'; grant select on {name}.* to {name}_poor@'%'"
        )
    config: Config = {
        "group.id": name,
        "kafka": {"bootstrap.servers": kafka.bootstrap},
        "connectors": {
            "shop": {
                "connector.class": "rowcast.MySqlSource",
                "database.hostname": mysql_source.host,
                "database.port": mysql_source.port,
                "database.user": name,
                "database.password": "${env:SHOP_PASSWORD}",
                "topic.prefix": name,
                "topic.mode": "both",
                "keyspace": name,
                "target.shards": "-80,80-",
                "rules": [{"match": "customer", "filter": "select id, name from customer where active = 1"}],
            },
            "split": {
                "connector.class": "rowcast.MySqlSink",
                "streams": [f"{name}.{name}.0"],
                "shards": {
                    text: f"mysql://{name}:{MARKER}@{server.host}:{server.port}/{name}"
                    for text, server in zip(("-80", "80-"), mysql_shards, strict=True)
                },
            },
        },
        "vschema": {name: {table: {"column": "id", "type": "hash"} for table in ("customer", "extra", "nokey")}},
    }
    yield World(config, mysql_source, mysql_shards, name)
    for server in servers:
        server.execute(f"drop database {name}; drop user {name}@'%', {name}_poor@'%'")


@pytest.fixture(scope="module")
def odd_source(stack: Stack) -> Iterator[MySqlServer]:
    """A source that writes incomplete row images and has thrown its first binlogs away."""
    server = stack.start_mysql("odd", flags=["--binlog-row-image=MINIMAL"], own=True)
    server.execute(
        "create database odd; create table odd.customer (id bigint primary key, name varchar(60), active int)"
    )
    server.execute("flush binary logs")
    ((current, *_),) = server.query("show binary log status")
    server.execute(f"purge binary logs to '{current}'")
    yield server
    server.kill()


def rowcast(*argv: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    known = {name: value for name, value in os.environ.items() if not name.startswith("ROWCAST_")}
    done = subprocess.run(
        [str(ROWCAST), *argv],
        env=known | {"SHOP_PASSWORD": MARKER} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert MARKER not in done.stdout + done.stderr
    return done


def written(config: Config, folder: Path) -> str:
    """The configuration as a TOML file; returns its path."""

    def value(of: Any) -> str:
        if isinstance(of, dict):
            return "{ " + ", ".join(f"{json.dumps(name)} = {value(each)}" for name, each in of.items()) + " }"
        if isinstance(of, list):
            return "[" + ", ".join(map(value, of)) + "]"
        return json.dumps(of)

    path = folder / "shop.toml"
    path.write_text("".join(f"{json.dumps(name)} = {value(each)}\n" for name, each in config.items()))
    return str(path)


def changed(world: World, change: Change) -> Config:
    config = copy.deepcopy(world.config)
    change(config)
    return config


def put(path: str, value: Any) -> Change:
    """Set one value; the path is written with slashes, and {db} stands for the module's database."""

    def change(config: Config) -> None:
        database = config["group.id"]
        *tables, name = path.replace("{db}", database).split("/")
        table = config
        for each in tables:
            table = table[each]
        table[name] = value.replace("{db}", database) if isinstance(value, str) else value

    return change


def drop(path: str) -> Change:
    def change(config: Config) -> None:
        *tables, name = path.replace("{db}", config["group.id"]).split("/")
        table = config
        for each in tables:
            table = table[each]
        del table[name]

    return change


def rule(match: str, sql: str = "") -> Change:
    return put("connectors/shop/rules", [{"match": match, "filter": sql}])


SHOP = "connectors/shop"


@dataclass(frozen=True)
class Case:
    """A change, and the error that it must lead to. hint None: the class's own."""

    name: str
    change: Change
    kind: type[errors.RowcastError]
    what: str
    hint: str | None = None
    argv: tuple[str, ...] = ("check", "FILE")
    environment: dict[str, str] = field(default_factory=dict)


FILE_CASES = [
    Case("unknown name", put(f"{SHOP}/topic.prefx", MARKER), errors.UnknownSetting,
         "connectors.shop.topic.prefx is not a setting", "Did you mean topic.prefix?"),
    Case("unknown section", put("kafak", {"sasl.password": MARKER}), errors.UnknownSetting,
         "kafak is not a setting", "Did you mean kafka?"),
    Case("unknown override", put("group.id", "{db}"), errors.UnknownSetting,
         "ROWCAST_CONNECTORS__SHOP__DATABASE_PASWORD names no setting of connectors.shop",
         "Did you mean ROWCAST_CONNECTORS__SHOP__DATABASE_PASSWORD?",
         environment={"ROWCAST_CONNECTORS__SHOP__DATABASE_PASWORD": MARKER}),
    Case("missing host", drop(f"{SHOP}/database.hostname"), errors.MissingSetting,
         "connectors.shop.database.hostname is missing"),
    Case("missing brokers", drop("kafka/bootstrap.servers"), errors.MissingSetting,
         "kafka.bootstrap.servers is missing"),
    Case("no connectors", put("connectors", {}), errors.MissingSetting, "the file has no connectors",
         "Add a table [connectors.<name>]."),
    Case("missing class", drop(f"{SHOP}/connector.class"), errors.MissingSetting,
         "connectors.shop.connector.class is missing",
         "One of rowcast.MySqlSource, MySqlSource, io.debezium.connector.mysql.MySqlConnector, rowcast.MySqlSink, "
         "MySqlSink, rowcast.ConsoleSink, ConsoleSink."),
    Case("unknown class", put(f"{SHOP}/connector.class", "rowcast.MySQLSource"), errors.ConfigError,
         "connectors.shop.connector.class names no class of rowcast", "Did you mean rowcast.MySqlSource?"),
    Case("port out of range", put(f"{SHOP}/database.port", 70000), errors.ConfigError,
         "connectors.shop.database.port must be less than or equal to 65535 (it is 70000)"),
    Case("password as number", put(f"{SHOP}/database.password", 7391), errors.ConfigError,
         "connectors.shop.database.password must be a valid string"),
    Case("secret where a number belongs", put(f"{SHOP}/database.port", MARKER), errors.ConfigError,
         "connectors.shop.database.port must be a valid integer"),
    Case("not built yet", put(f"{SHOP}/snapshot.mode", "when_needed"), errors.ConfigError,
         "connectors.shop.snapshot.mode cannot be when_needed: not built yet", "Use initial or no_data."),
    Case("password with an at sign in a URL", put("connectors/split/shards/-80", f"mysql://root:{MARKER}@x@/d"),
         errors.ConfigError, "connectors.split.shards.-80: not a MySQL URL",
         "Write it as mysql://user:password@host:port/database; percent-encode special characters of user and "
         "password."),
    Case("URL without a database", put("connectors/split/shards/-80", f"mysql://root:{MARKER}@h:1"),
         errors.ConfigError, "connectors.split.shards.-80: the MySQL URL names no database",
         "Write it as mysql://user:password@host:port/database."),
    Case("gap between key ranges", put(f"{SHOP}/target.shards", "-80,90-"), errors.KeyRangeInvalid,
         "connectors.shop.target.shards: "),
    Case("shards that differ", put(f"{SHOP}/target.shards", "-40,40-"), errors.ConfigError,
         "connectors.split.shards are -80,80-, but connectors.shop.target.shards are -40,40-",
         "Give both the same key ranges: every partition of the stream topic is one target shard."),
    Case("vindex missing", drop("vschema/{db}/customer"), errors.MissingSetting, "vschema."),
    Case("vindex unknown", put("vschema/{db}/customer/type", "md5x"), errors.VindexUnknown,
         "vschema: vschema of table "),
    Case("variable not set", put(f"{SHOP}/database.password", "${env:NO_SUCH_VARIABLE}"), errors.UnresolvedReference,
         "${env:NO_SUCH_VARIABLE}: the environment has no variable NO_SUCH_VARIABLE"),
    Case("secret file missing", put(f"{SHOP}/database.password", "${file:/nonexistent/x:key}"),
         errors.UnresolvedReference, "${file:/nonexistent/x:key}: the file cannot be read: No such file or directory"),
    Case("librdkafka's name of ours", put("kafka/transactional.id", "x"), errors.KafkaConfigInvalid,
         "[kafka] transactional.id cannot be set", "Remove transactional.id from [kafka]."),
    Case("SQL: function", rule("customer", "select id from customer where soundex(name) = 'A'"), errors.RuleUnsupported,
         "connectors.shop.rules: rule 'customer': "),
    Case("SQL: subquery", rule("customer", "select id from customer where id in (select id from extra)"),
         errors.RuleUnsupported, "connectors.shop.rules: rule 'customer': "),
    Case("SQL: join", rule("customer", "select a.id from customer a join extra b on a.id = b.id"),
         errors.RuleUnsupported, "connectors.shop.rules: rule 'customer': "),
    Case("SQL: not SQL", rule("customer", "selec id frm customer"), errors.RuleInvalid,
         "connectors.shop.rules: rule 'customer': "),
    Case("SQL: two statements", rule("customer", "select id from customer; drop table customer"), errors.RuleInvalid,
         "connectors.shop.rules: rule 'customer': "),
    Case("SQL: bad key range", rule("customer", "select id from customer where in_keyrange(id, 'hash', '80-40')"),
         errors.KeyRangeInvalid, "connectors.shop.rules: rule 'customer': "),
    Case("SQL: bad regular expression", rule("/cust(/"), errors.RuleInvalid, "connectors.shop.rules: rule '/cust(/': "),
    Case("position is none", put("group.id", "{db}"), errors.PositionInvalid, "not a GTID set: 'yesterday'",
         "Write a GTID set, MySQL56/<GTID set>, `current` or `earliest`.", ("position", "set", "FILE", "yesterday")),
    Case("no such source", put("group.id", "{db}"), errors.UsageError, "the file has no source 'crm'",
         "Its sources: shop.", ("position", "show", "FILE", "crm")),
    Case("no such connector", put("group.id", "{db}"), errors.UsageError, "the file has no connector 'crm'",
         "It has: shop, split.", ("run", "FILE", "--connector", "crm")),
]  # fmt: skip


def assert_error(done: "subprocess.CompletedProcess[str]", case: Case, *, exact_hint: bool = True) -> None:
    """Two lines on standard error and nothing else."""
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith(f"{case.kind.code}: {case.what}")
    assert done.returncode == case.kind.exit_status
    assert done.stdout == ""
    assert not exact_hint or lines[1] == f"hint: {case.hint or case.kind.hint}"


def test_the_unchanged_file_is_good(world: World, tmp_path: Path) -> None:
    done = rowcast("check", written(world.config, tmp_path), "--json")
    assert (json.loads(done.stdout), done.stderr, done.returncode) == ([], "", 0)


@pytest.mark.parametrize("case", FILE_CASES, ids=[case.name for case in FILE_CASES])
def test_what_the_file_shows(case: Case, world: World, tmp_path: Path) -> None:
    file = written(changed(world, case.change), tmp_path)
    done = rowcast(*(file if part == "FILE" else part for part in case.argv), **case.environment)
    assert_error(done, case, exact_hint=not case.name.startswith("vindex") and not case.name.startswith("SQL"))
    assert done.stderr.splitlines()[1].startswith("hint: ")


TEXTS = [
    ("no file", None, errors.ConfigNotFound, "the configuration file cannot be read: No such file or directory"),
    ("not TOML", b'[kafka]\n"bootstrap.servers" = \n', errors.ConfigSyntaxError, "not valid TOML: Invalid value"),
    ("not text", b"\xff\xfe\x00", errors.ConfigSyntaxError, "the file is not UTF-8 text (byte 0)"),
    ("name twice", b'"group.id" = "a"\n"group.id" = "b"\n', errors.ConfigSyntaxError, "not valid TOML: Cannot"),
    ("empty", b"", errors.MissingSetting, "kafka is missing"),
]  # fmt: skip


@pytest.mark.parametrize("command", ["check", "plan", "run"])
@pytest.mark.parametrize(("name", "content", "kind", "what"), TEXTS, ids=[case[0] for case in TEXTS])
def test_what_is_no_configuration(
    name: str, content: bytes | None, kind: type[errors.RowcastError], what: str, command: str, tmp_path: Path
) -> None:
    path = tmp_path / "shop.toml"
    if content is not None:
        path.write_bytes(content)
    assert_error(rowcast(command, str(path)), Case(name, lambda config: None, kind, what))


SERVER_CASES = [
    Case("source unreachable", put(f"{SHOP}/database.port", CLOSED), errors.SourceUnreachable, ""),
    Case("source password wrong", put(f"{SHOP}/database.password", f"{MARKER}-wrong"), errors.SourceAccessDenied, ""),
    Case("source user unknown", put(f"{SHOP}/database.user", "nobody_here"), errors.SourceAccessDenied, ""),
    Case("source privileges", put(f"{SHOP}/database.user", "{db}_poor"), errors.SourcePrivilegeMissing, ""),
    Case("source database", put(f"{SHOP}/keyspace", "no_such_database"), errors.DatabaseMissing, ""),
    Case("table that is not there", rule("nothere"), errors.RuleTableMissing, "nothere"),
    Case("column that is not there", rule("customer", "select id, shoesize from customer"), errors.RuleColumnUnknown,
         "shoesize"),
    Case("condition on no column", rule("customer", "select id from customer where shoesize = 43"),
         errors.RuleColumnUnknown, "shoesize"),
    Case("vindex on no column", put("vschema/{db}/customer/column", "shoesize"), errors.RuleColumnUnknown, "shoesize"),
    Case("no table at the target", rule("nokey"), errors.TargetTableMissing, "nokey"),
    Case("no column at the target", rule("extra"), errors.TargetColumnMissing, "b"),
    Case("target unreachable", put("connectors/split/shards/-80", f"mysql://root:{MARKER}@127.0.0.1:{CLOSED}/d"),
         errors.TargetUnreachable, ""),
    Case("Kafka unreachable", put("kafka/bootstrap.servers", f"127.0.0.1:{CLOSED}"), errors.KafkaUnreachable, ""),
    Case("Kafka property unknown", put("kafka/sasl.pasword", MARKER), errors.KafkaConfigInvalid, "sasl.pasword"),
]  # fmt: skip


def vschema_for(config: Config) -> None:
    """Vindexes for every table that a case names, so that only the case's own mistake is found."""
    tables = config["vschema"][config["group.id"]]
    tables["nothere"] = {"column": "id", "type": "hash"}
    if config["connectors"]["shop"]["keyspace"] != config["group.id"]:
        config["vschema"][config["connectors"]["shop"]["keyspace"]] = tables
        config["connectors"]["split"]["streams"] = ["elsewhere.x.0"]


@pytest.mark.parametrize("case", SERVER_CASES, ids=[case.name for case in SERVER_CASES])
def test_what_servers_show(case: Case, world: World, tmp_path: Path) -> None:
    config = changed(world, case.change)
    vschema_for(config)
    done = rowcast("check", written(config, tmp_path), "--json")
    findings = json.loads(done.stdout)
    found = [finding for finding in findings if finding["code"] == case.kind.code]
    assert found, findings
    assert (found[0]["severity"], done.returncode, done.stderr) == ("error", 1, "")
    assert case.what in found[0]["what"]
    assert found[0]["hint"]


def test_findings_for_people(world: World, tmp_path: Path) -> None:
    done = rowcast("check", written(changed(world, put(f"{SHOP}/database.user", "nobody_here")), tmp_path))
    lines = done.stdout.splitlines()
    assert lines[0].startswith("error    shop  SOURCE_ACCESS_DENIED: Access denied for user 'nobody_here'")
    assert lines[1:] == [f"         hint: {errors.SourceAccessDenied.hint}", "errors: 1, warnings: 0"]
    assert done.returncode == 1


def test_target_password_wrong(world: World, tmp_path: Path) -> None:
    url = world.config["connectors"]["split"]["shards"]["-80"].replace(MARKER, f"{MARKER}-wrong")
    done = rowcast("check", written(changed(world, put("connectors/split/shards/-80", url)), tmp_path), "--json")
    (finding,) = json.loads(done.stdout)
    assert (finding["code"], finding["where"], done.returncode) == ("TARGET_ACCESS_DENIED", "split/-80", 1)
    assert finding["hint"] == errors.TargetAccessDenied.hint


def test_server_without_a_binlog(world: World, stack: Stack, tmp_path: Path) -> None:
    server = stack.start_mysql("nobinlog", binlog=False, own=True)
    try:
        server.execute("create database odd")
        done = rowcast("check", written(odd(world, server), tmp_path), "--json")
    finally:
        server.kill()
    (finding,) = [each for each in json.loads(done.stdout) if "log_bin" in each["what"]]
    assert (finding["code"], finding["severity"]) == ("SOURCE_SETTING_UNSUPPORTED", "error")
    assert finding["hint"] == "Start the server with log_bin."
    assert done.returncode == 1


def test_server_id_of_the_source_itself(world: World, tmp_path: Path) -> None:
    ((server_id,),) = world.source.query("select @@server_id")
    done = rowcast("check", written(changed(world, put(f"{SHOP}/database.server.id", server_id)), tmp_path), "--json")
    (finding,) = json.loads(done.stdout)
    assert (finding["code"], finding["hint"]) == ("DUPLICATE_SERVER_ID", errors.DuplicateServerId.hint)
    assert done.returncode == 1


def odd(world: World, server: MySqlServer) -> Config:
    config = copy.deepcopy(world.config)
    config["group.id"] = f"{world.database}_odd"
    config["connectors"]["shop"] |= {
        "database.port": server.port,
        "database.user": "root",
        "database.password": "",
        "keyspace": "odd",
    }
    config["vschema"]["odd"] = config["vschema"][world.database]
    del config["connectors"]["split"]
    return config


def test_row_image_and_purged_position(world: World, odd_source: MySqlServer, tmp_path: Path) -> None:
    file = written(odd(world, odd_source), tmp_path)
    done = rowcast("check", file, "--json")
    findings = json.loads(done.stdout)
    (finding,) = [each for each in findings if "binlog_row_image" in each["what"]]
    assert (finding["code"], done.returncode) == ("SOURCE_SETTING_UNSUPPORTED", 1)
    assert not [each for each in findings if each["code"] == "POSITION_PURGED"]

    ((uuid,),) = odd_source.query("select @@server_uuid")
    assert rowcast("position", "set", file, f"{uuid}:1").returncode == 0
    findings = json.loads(rowcast("check", file, "--json").stdout)
    (finding,) = [each for each in findings if each["code"] == "POSITION_PURGED"]
    assert finding["hint"] == errors.PositionPurged.hint
    done = rowcast("run", file)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2].startswith(("SOURCE_SETTING_UNSUPPORTED: ", "POSITION_PURGED: "))


def test_position_of_another_server(world: World, tmp_path: Path) -> None:
    config = changed(world, put("group.id", f"{world.database}_ahead"))
    file = written(config, tmp_path)
    foreign = "MySQL56/00000000-1111-2222-3333-444444444444:1-9"
    done = rowcast("position", "set", file, foreign)
    assert (done.returncode, done.stdout) == (0, f"shop: {foreign} (seq 0)\n")
    (shown,) = json.loads(rowcast("position", "show", file, "--json").stdout)
    assert (shown["connector"], shown["position"], shown["seq"]) == ("shop", foreign, 0)
    done = rowcast("check", file, "--json")
    (finding,) = json.loads(done.stdout)
    assert (finding["code"], finding["hint"], done.returncode) == ("POSITION_AHEAD", errors.PositionAhead.hint, 1)
    done = rowcast("run", file)
    assert done.returncode == 1
    assert any(line.startswith("POSITION_AHEAD: ") for line in done.stderr.splitlines())


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("command", ["plan", "run"])
def test_wrong_password_ends_other_commands_too(command: str, debug: bool, world: World, tmp_path: Path) -> None:
    config = changed(world, put(f"{SHOP}/database.password", f"{MARKER}-wrong"))
    del config["connectors"]["split"]
    done = rowcast(*(["--debug"] if debug else []), command, written(config, tmp_path))
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert error.startswith("SOURCE_ACCESS_DENIED: Access denied for user")
    assert hint == f"hint: {errors.SourceAccessDenied.hint}"
    assert ("Traceback" in done.stderr) is debug


def test_topic_that_is_not_there(world: World) -> None:
    done = rowcast("tail", f"{world.database}.nothing", "--kafka", world.config["kafka"]["bootstrap.servers"])
    assert done.returncode == 1
    assert done.stderr.startswith(f"TOPIC_INVALID: topic {world.database}.nothing cannot be read")


def test_position_and_tail_need_kafka() -> None:
    done = rowcast("tail", "x")
    assert done.returncode == 2
    assert done.stderr.startswith("CONFIG_MISSING: kafka.bootstrap.servers is missing (file=the environment)\nhint: ")
