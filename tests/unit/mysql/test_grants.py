"""SHOW GRANTS lines as MySQL prints them."""

import pytest

from connector.mysql.grants import Grants


def test_global_privileges() -> None:
    grants = Grants(["GRANT SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `ro`@`%`"])
    assert grants.anywhere("REPLICATION SLAVE")
    assert grants.anywhere("REPLICATION CLIENT")
    assert not grants.anywhere("LOCK TABLES")
    assert grants.on_table("SELECT", "shop", "t")


def test_all_privileges() -> None:
    grants = Grants(["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"])
    assert grants.anywhere("REPLICATION SLAVE")
    assert grants.on_database("LOCK TABLES", "any")


def test_all_on_a_database_is_nothing_global() -> None:
    grants = Grants(["GRANT USAGE ON *.* TO `ro`@`%`", "GRANT ALL PRIVILEGES ON `shop`.* TO `ro`@`%`"])
    assert not grants.anywhere("REPLICATION SLAVE")
    assert grants.on_database("LOCK TABLES", "shop")
    assert not grants.on_database("SELECT", "shop2")


@pytest.mark.parametrize(
    ("pattern", "database", "covered"),
    [
        ("sh%", "shop", True),
        ("sh%", "ash", False),
        ("s_op", "shop", True),
        (r"s\_op", "shop", False),
        (r"s\_op", "s_op", True),
        ("a``b", "a`b", True),
        ("a.b", "axb", False),
    ],
)
def test_database_patterns(pattern: str, database: str, covered: bool) -> None:
    grants = Grants([f"GRANT SELECT, LOCK TABLES ON `{pattern}`.* TO `ro`@`%`"])
    assert grants.on_database("LOCK TABLES", database) is covered


def test_table_and_column_privileges() -> None:
    grants = Grants(
        [
            "GRANT SELECT ON `shop`.`customer` TO `ro`@`%`",
            "GRANT SELECT (`id`, `name`), INSERT ON `shop`.`secret` TO `ro`@`%`",
        ]
    )
    assert grants.on_table("SELECT", "shop", "customer")
    assert not grants.on_table("SELECT", "shop", "secret"), "some columns are not the table"
    assert grants.on_table("INSERT", "shop", "secret")
    assert not grants.on_database("SELECT", "shop")


def test_partial_revoke() -> None:
    grants = Grants(["GRANT SELECT ON *.* TO `ro`@`%`", "REVOKE SELECT ON `private`.* FROM `ro`@`%`"])
    assert grants.on_table("SELECT", "shop", "t")
    assert not grants.on_table("SELECT", "private", "t")


def test_roles_proxies_and_routines_are_no_privileges() -> None:
    grants = Grants(
        [
            "GRANT `SELECT`@`%`,`r`@`%` TO `ro`@`%`",
            "GRANT PROXY ON ``@`` TO `root`@`localhost` WITH GRANT OPTION",
            "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `ro`@`%`",
            "GRANT APPLICATION_PASSWORD_ADMIN,BACKUP_ADMIN ON *.* TO `ro`@`%`",
        ]
    )
    assert not grants.on_table("SELECT", "shop", "t")
    assert not grants.on_table("EXECUTE", "shop", "p")
    assert grants.anywhere("BACKUP_ADMIN")
