"""mysql:// URLs: what they mean, and that no mistake in one shows the password."""

import pytest

from connector.model.errors import ConfigError
from connector.mysql.address import ServerAddress, parse_ssl_mode, parse_url


def test_full_url() -> None:
    address, database = parse_url(
        "mysql://ro%40w:p%2F%23%3F%25@db.example:3307/shop?ssl-mode=VERIFY_CA&ssl-ca=/etc/ca.pem&connect-timeout=2.5"
    )
    assert address == ServerAddress("db.example", 3307, "ro@w", "p/#?%", "verify_ca", "/etc/ca.pem", 2.5)
    assert database == "shop"


def test_defaults() -> None:
    address, database = parse_url("mysql://root@127.0.0.1")
    assert address == ServerAddress("127.0.0.1", 3306, "root", "", "preferred", None, 10.0)
    assert database == ""


def test_database_is_decoded_and_ipv6_is_a_host() -> None:
    address, database = parse_url("mysql://u:p@[::1]:3306/my%2Fdb")
    assert (address.host, database) == ("::1", "my/db")


@pytest.mark.parametrize("text", ["verify-identity", "Verify_Identity", " VERIFY_IDENTITY "])
def test_ssl_mode_spellings(text: str) -> None:
    assert parse_ssl_mode(text) == "verify_identity"


def test_repr_hides_the_password() -> None:
    address, _ = parse_url("mysql://u:s3cret@h/d")
    assert "s3cret" not in repr(address)
    assert "s3cret" not in str(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://u:s3cret@h/d",
        "mysql:///d",
        "mysql://h/d",
        "mysql://:s3cret@h/d",
        "mysql://u:s3cret@h:port/d",
        "mysql://u:s3cret@h:99999/d",
        "mysql://u:s3cret@h/d/e",
        "mysql://u:s3cret@h/d?tls=1",
        "mysql://u:s3cret@h/d?ssl-mode=maybe",
        "mysql://u:s3cret@h/d?connect-timeout=soon",
        "mysql://u:s3cret@h/d?connect-timeout=-1",
        "mysql://u:1/s3cret@h/d",
        "mysql://u:1#s3cret@h/d",
        "mysql://u:1?s3cret@h/d",
        "mysql://u:a@b?s3cret@h/d",
        "mysql://u:a@b?s3cret=1@h/d",
        "mysql://u:[s3cret@h/d",
    ],
)
def test_wrong_urls_never_show_the_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url(url)
    shown = f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
    assert "s3cret" not in shown
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
