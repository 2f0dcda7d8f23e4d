"""docker-compose.yml, which no engine runs here, says what docs/servers.md documents and what our own servers use."""

import re
from typing import Any

import pytest

from tools import compose
from tools.stack.kafka import broker_settings
from tools.stack.maven import kafka_version
from tools.stack.mysql import OLDEST_MAJOR_VERSION, SOURCE_FLAGS
from tools.stack.workspace import CHECKOUT

Service = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    """The services as Compose's parser sees them."""
    found: dict[str, Service] = compose.model()["services"]
    return found


@pytest.fixture(scope="module")
def documented() -> dict[str, tuple[str, str, set[str]]]:
    """The table of docs/servers.md: service -> (image, port, settings)."""
    rows = re.findall(
        r"^\| (\w+) \| `(.+?)` \| (\d*) ?\| (.*?) ?\|$", (CHECKOUT / "docs/servers.md").read_text(), re.MULTILINE
    )
    return {name: (image, port, set(re.findall(r"`(.+?)`", settings))) for name, image, port, settings in rows}


def test_images_and_ports_are_the_documented_ones(
    services: dict[str, Service], documented: dict[str, tuple[str, str, set[str]]]
) -> None:
    with_image = {name: service for name, service in services.items() if "image" in service}
    assert {name: service["image"] for name, service in with_image.items()} == {
        name: image for name, (image, _, _) in documented.items()
    }
    for name, service in with_image.items():
        published = [(port["host_ip"], port["published"]) for port in service.get("ports", [])]
        assert published == [("127.0.0.1", port) for port in [documented[name][1]] if port], name


@pytest.mark.parametrize("name", ["source", "shard1", "shard2"])
def test_mysql_settings_are_the_documented_ones(
    name: str, services: dict[str, Service], documented: dict[str, tuple[str, str, set[str]]]
) -> None:
    assert {flag.removeprefix("--") for flag in services[name]["command"]} == documented[name][2]


def test_kafka_settings_are_the_documented_ones_and_our_own_brokers(
    services: dict[str, Service], documented: dict[str, tuple[str, str, set[str]]]
) -> None:
    # The image maps KAFKA_A_B to a.b.
    names = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in services["kafka"]["environment"].items()
    }
    pairs = [setting.split("=") for setting in documented["kafka"][2]]
    assert pairs
    for name, value in pairs:
        assert names[name] == value
        assert broker_settings(1)[name] == value


def test_source_has_what_our_own_source_has(services: dict[str, Service]) -> None:
    for_speed_only = {"--sync-binlog=0"}
    assert set(SOURCE_FLAGS) - for_speed_only <= set(services["source"]["command"])


def test_versions_are_those_of_our_own_servers(services: dict[str, Service]) -> None:
    assert services["kafka"]["image"] == f"apache/kafka:{kafka_version()}"
    major = int(services["source"]["image"].removeprefix("mysql:").split(".")[0])
    assert major >= OLDEST_MAJOR_VERSION


def test_everything_waits_for_healthy_servers(services: dict[str, Service]) -> None:
    servers = {"source", "shard1", "shard2", "kafka"}
    assert all("healthcheck" in services[name] for name in {*servers, "rowcast"})
    for name in ("demo", "rowcast"):
        conditions = {server: wait["condition"] for server, wait in services[name]["depends_on"].items()}
        assert conditions == dict.fromkeys(servers, "service_healthy")


def test_demo_is_told_all_servers_with_their_password(services: dict[str, Service]) -> None:
    named = services["demo"]["environment"]
    password = services["source"]["environment"]["MYSQL_ROOT_PASSWORD"]
    urls = named["ROWCAST_TEST_MYSQL_URLS"].split(",")
    assert urls == [f"mysql://root:{password}@{server}:3306" for server in ("source", "shard1", "shard2")]
    listeners = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"INSIDE://{named['ROWCAST_TEST_KAFKA']}" in listeners.split(",")


def test_build_targets_are_stages_of_the_dockerfile(services: dict[str, Service]) -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    built = {name: service["build"]["target"] for name, service in services.items() if "build" in service}
    assert built == {"demo": "demo", "rowcast": "runtime"}
    assert set(built.values()) <= set(stages)
    assert stages[-1] == "runtime", "a plain `docker build .` gives the command"
