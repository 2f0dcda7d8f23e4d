"""Files that vschemas name: read with the configuration, relative to where their names stand."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.config import build, load
from connector.config.vschema_files import with_files
from connector.model.errors import ConfigError, ConfigNotFound, RowcastError, UnknownSetting

REGION = {"type": "region_json", "params": {"region_map": "maps/regions.json", "region_bytes": "1"}}


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> Path:
    (tmp_path / "vitess" / "maps").mkdir(parents=True)
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "regions.json").write_text('{"eu": 1}', encoding="utf-8")
    (tmp_path / "vitess" / "maps" / "regions.json").write_text('{"eu": 2}', encoding="utf-8")
    vschema = {"sharded": True, "vindexes": {"region": REGION, "hash": {"type": "hash"}}}
    (tmp_path / "vitess" / "shop.json").write_text(json.dumps(vschema), encoding="utf-8")
    return tmp_path


def test_a_keyspace_s_file_and_the_files_that_it_names(files: Path) -> None:
    found = with_files({"vschema": {"shop": "vitess/shop.json"}}, files)
    params = json.loads(found["vschema"]["shop"])["vindexes"]["region"]["params"]
    assert params == {"region_map_content": '{"eu": 2}', "region_bytes": "1"}


def test_files_that_the_configuration_names(files: Path) -> None:
    static = {"column": "id", "type": "numeric_static_map", "params": {"json_path": str(files / "maps/regions.json")}}
    found = with_files(
        {
            "vschema": {"shop": {"a": REGION, "b": [static, {"column": "id", "type": "hash"}]}},
            "vindexes": {"shop": {"region": REGION}},
        },
        files,
    )
    content = {"region_map_content": '{"eu": 1}', "region_bytes": "1"}
    assert found["vschema"]["shop"]["a"]["params"] == found["vindexes"]["shop"]["region"]["params"] == content
    assert found["vschema"]["shop"]["b"][0]["params"] == {"json": '{"eu": 1}'}
    assert REGION["params"] == {"region_map": "maps/regions.json", "region_bytes": "1"}


def test_names_that_are_not_files_stay(files: Path) -> None:
    both = {"type": "numeric_static_map", "params": {"json": "{}", "json_path": "none.json"}}
    other = {"type": "hash", "params": {"region_map": "none.json"}}
    data = {"vindexes": {"shop": {"both": both, "other": other}}}
    assert with_files(data, files) == data


@pytest.mark.parametrize(
    "strange",
    [{}, {"vschema": 1}, {"vschema": {"s": 1}}, {"vschema": {"s": {"t": 1}}}, {"vschema": {"s": {"t": [1]}}},
     {"vindexes": [1]}, {"vindexes": {"s": {"v": {"type": "region_json", "params": 1}}}}, {"vschema": {"s": "{"}},
     {"vschema": {"s": '{"vindexes": 1}'}}, {"vindexes": {"s": {"v": {"type": ["region_json"]}}}}],
)  # fmt: skip
def test_what_is_no_vschema_is_left_to_the_settings(strange: dict[str, Any], files: Path) -> None:
    assert with_files(strange, files) == strange


@pytest.mark.parametrize("name", ["none.json", "maps", "nul\0.json", "latin1.json"])
def test_a_file_that_cannot_be_read(name: str, files: Path) -> None:
    (files / "latin1.json").write_bytes(b'{"\xe9": 1}')
    with pytest.raises(ConfigNotFound, match="a file that the vschema names cannot be read"):
        with_files({"vschema": {"shop": name}}, files)


def test_a_whole_configuration(files: Path) -> None:
    text = """
        [kafka]
        "bootstrap.servers" = "127.0.0.1:9092"
        [vschema]
        shop = "vitess/shop.json"
        [vschema.other.t]
        column = "id"
        name = "by_region"
        [[vschema.other.u]]
        column = "id"
        type = "hash"
        [[vschema.other.u]]
        column = "id"
        type = "numeric"
        [vindexes.other.by_region]
        type = "region_json"
        params = { region_map = "maps/regions.json", region_bytes = 1 }
    """
    (files / "rowcast.toml").write_text(text, encoding="utf-8")
    settings = load(files / "rowcast.toml")
    assert isinstance(settings.vschema["shop"], str)
    tables = settings.vschema["other"]
    assert isinstance(tables, dict)
    assert isinstance(several := tables["u"], tuple)
    assert [each.type for each in several] == ["hash", "numeric"]
    assert settings.vindexes["other"]["by_region"].params == {"region_map_content": '{"eu": 1}', "region_bytes": "1"}


@pytest.mark.parametrize(
    ("part", "error", "words"),
    [
        ({"vschema": {"shop": "vschema.json"}}, ConfigError, "vschema.shop must be a table, or JSON"),
        ({"vschema": {"shop": {"t": [{"column": "id"}]}}}, RowcastError, "vschema.shop.t.0.type is missing"),
        ({"vschema": {"shop": {"t": [{"colum": "id", "type": "hash"}]}}}, UnknownSetting, "vschema.shop.t.0.colum"),
        ({"vschema": {"shop": {"one": {"colum": "id"}}}}, UnknownSetting, "vschema.shop.one.colum is not a setting"),
        ({"vschema": {"shop": {"t": 1}}}, ConfigError, "vschema.shop.t must be"),
        ({"vschema": {"shop": 1}}, ConfigError, "vschema.shop must be a table"),
        (
            {"vschema": {"shop": {"t": {"column": "id", "type": "hash", "name": "h"}}}},
            ConfigError,
            "vschema.shop.t needs either name or type",
        ),
        ({"vindexes": {"shop": {"h": {"typ": "hash"}}}}, UnknownSetting, "vindexes.shop.h.typ is not a setting"),
        ({"vindexes": {"shop": {"h": {"type": "hash", "params": {"a": []}}}}}, ConfigError, "vindexes.shop.h.params.a"),
    ],
)
def test_settings_that_are_refused(part: dict[str, Any], error: type[RowcastError], words: str) -> None:
    with pytest.raises(error) as raised:
        build({"kafka": {"bootstrap.servers": "127.0.0.1:9092"}, **part}, "f")
    assert words in raised.value.what
