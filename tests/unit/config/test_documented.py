"""Everything a user can meet is documented: every setting, every error."""

import re

import pytest
from pydantic import BaseModel

from connector.config.settings import KafkaSettings, NamedVindexSetting, Settings, ShardServers, VindexSetting
from connector.config.sink import ConsoleSinkSettings, SinkSettings
from connector.config.source import RuleSetting, SourceSettings
from connector.model.errors import RowcastError, all_errors
from tools import docs

MODELS: list[type[BaseModel]] = [
    Settings, KafkaSettings, SourceSettings, SinkSettings, ConsoleSinkSettings, RuleSetting, ShardServers,
    VindexSetting, NamedVindexSetting,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_every_setting_has_a_name_and_a_meaning(model: type[BaseModel]) -> None:
    page = docs.configuration_page()
    for name, field in model.model_fields.items():
        assert field.alias, name
        assert (field.description or "").endswith("."), name
        assert f"| `{field.alias}` |" in page


@pytest.mark.parametrize("kind", list(all_errors()), ids=lambda kind: str(kind.code))
def test_every_error_says_what_it_means(kind: type[RowcastError]) -> None:
    assert kind.__doc__ is not None
    assert kind.__doc__ != RowcastError.__doc__
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", kind.code)
    assert kind.hint.rstrip().endswith((".", "range)."))
    assert kind.exit_status in (1, 2)
    assert f"| `{kind.code}` |" in docs.errors_page()


def test_pages_are_tables_that_render() -> None:
    for page in (docs.errors_page(), docs.configuration_page()):
        for line in page.splitlines():
            if line.startswith("|"):
                cells = re.split(r"(?<!\\)\|", line)[1:-1]
                assert len(cells) in (4, 5), line
                assert all(cell.strip() for cell in cells), line
