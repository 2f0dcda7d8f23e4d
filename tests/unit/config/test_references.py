"""References: resolved when used, errors that name the reference and never a value."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.config import Resolver, secrets
from connector.config.urls import target, without_password
from connector.model.errors import ConfigError, UnresolvedReference


@pytest.fixture(autouse=True)
def no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", set())


def test_environment_reference_inside_text() -> None:
    assert Resolver({"A": "1", "B": "2"}).text("x${env:A}y${env:B}z") == "x1y2z"
    assert Resolver({}).text("a $ {b} ${c}") == "a $ {b} ${c}"


def test_resolved_values_are_not_resolved_again() -> None:
    assert Resolver({"A": "${env:B}", "B": "no"}).text("${env:A}") == "${env:B}"


def test_file_reference(tmp_path: Path) -> None:
    file = tmp_path / "shop.properties"
    file.write_text("# comment\n! too\npassword = a=b:c \nuser: joe\n\n")
    resolver = Resolver({})
    assert resolver.text(f"${{file:{file}:password}}") == "a=b:c"
    assert resolver.text(f"${{file:{file}:user}}") == "joe"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("${env:ABSENT}", "the environment has no variable ABSENT"),
        ("${vault:x}", "there is no provider 'vault'"),
        ("${file:/nonexistent/x:key}", "the file cannot be read: No such file or directory"),
    ],
)
def test_unresolved(text: str, what: str) -> None:
    with pytest.raises(UnresolvedReference) as caught:
        Resolver({}).text(text)
    assert str(caught.value) == f"{text}: {what}"


def test_key_missing_in_file(tmp_path: Path) -> None:
    file = tmp_path / "p"
    file.write_text("other=secret-value\n")
    with pytest.raises(UnresolvedReference) as caught:
        Resolver({}).text(f"${{file:{file}:key}}")
    assert "has no key 'key'" in str(caught.value)
    assert "secret-value" not in str(caught.value)


def test_values_fit_into_urls_whatever_they_hold() -> None:
    resolver = Resolver({"P": "p@ss/w:rd#%", "H": "db1", "N": "3399"})
    address, database = target(SecretStr("mysql://root:${env:P}@${env:H}:${env:N}/shop"), resolver)
    assert (address.password, address.host, address.port, database) == ("p@ss/w:rd#%", "db1", 3399, "shop")


def test_a_whole_url_through_a_reference() -> None:
    address, database = target(SecretStr("${env:URL}"), Resolver({"URL": "mysql://u:p%40w@h:1/d"}))
    assert (address.password, database) == ("p@w", "d")
    with pytest.raises(ConfigError) as caught:
        target(SecretStr("${env:URL}"), Resolver({"URL": "mysql:/u:swordfish@h"}))
    assert "swordfish" not in str(caught.value) + caught.value.remedy


def test_resolved_secrets_are_hidden_in_every_form() -> None:
    Resolver({"P": 'sword"fish/1'}).secret("${env:P}")
    assert secrets.hide('a sword"fish/1 b') == "a ****** b"
    assert secrets.hide('{"p": "sword\\"fish/1"}') == '{"p": "******"}'
    assert secrets.hide("mysql://u:sword%22fish%2F1@h") == "mysql://u:******@h"


def test_short_values_do_not_blot_out_everything() -> None:
    Resolver({}).secret("a")
    assert secrets.hide("an apple") == "an apple"


def test_password_of_a_url_is_masked() -> None:
    assert without_password("mysql://u:p@ss:w@h:1/d") == "mysql://u:******@h:1/d"
    assert without_password("mysql://u@h:1/d") == "mysql://u@h:1/d"
