"""Rules for tables of several databases: checked in each of them, and never mixed in one target table."""

from pathlib import Path

from connector.model.errors import TargetTableAmbiguous
from tests.integration.acceptance.conftest import MakePipeline, rowcast


def test_check_without_a_keyspace(make_pipeline: MakePipeline, tmp_path: Path) -> None:
    first, second = make_pipeline(), make_pipeline()
    text = first.file.read_text().partition("[connectors.one]")[0]
    text = text.replace('"topic.mode" = "stream"\n', "").replace(f'keyspace = "{first.database}"\n', "")
    file = tmp_path / "two.toml"
    good = f'rules = [ {{ match = "{first.database}.t" }}, {{ match = "{second.database}.t" }} ]\n'
    file.write_text(text + good)
    checked = rowcast("check", str(file))
    assert (checked.returncode, checked.stdout) == (0, "nothing stands in the way\n")
    file.write_text(text + good.replace(f"{second.database}.t", f"{second.database}.nothing"))
    checked = rowcast("check", str(file))
    assert checked.returncode == 1
    assert "RULE_TABLE_MISSING: " in checked.stdout
    assert f"(table={second.database}.nothing)" in checked.stdout


def test_equal_names_do_not_mix(make_pipeline: MakePipeline) -> None:
    other = make_pipeline()
    pipeline = make_pipeline(source=f'rules = [ {{ match = "t" }}, {{ match = "{other.database}.t" }} ]')
    checked = rowcast("check", str(pipeline.file))
    assert checked.returncode == 1
    assert f"{TargetTableAmbiguous.code}: " in checked.stdout
    ran = pipeline.catch_up()
    assert ran.returncode == 1
    assert f"{TargetTableAmbiguous.code}: " in ran.stderr
    assert pipeline.status()["sink"]["last_error"]["code"] == TargetTableAmbiguous.code
