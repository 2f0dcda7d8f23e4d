"""sqlglot's MySQL dialect as rules use it: functions stay as written, and JSON paths stay text.

sqlglot translates between dialects, so its own functions and paths are normalised beyond recognition (IFNULL becomes
COALESCE, YEAR(d) gets a cast). A rule has to mean what MySQL reads. Called by `parse`.
"""

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.parsers.mysql import MySQLParser


class RuleSql(MySQL):
    """Reads the SQL of rules."""

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """The path as written; `json_values` reads it."""
        return path

    class Parser(MySQLParser):
        """MySQL's grammar with every function but the casts anonymous."""

        FUNCTIONS: ClassVar[Any] = {}
        FUNCTION_PARSERS: ClassVar[Any] = {
            name: parser
            for name, parser in MySQLParser.FUNCTION_PARSERS.items()
            if name in ("CAST", "CONVERT", "SUBSTRING", "SUBSTR")
        }
        LAMBDAS: ClassVar[Any] = {}  # a -> '$.b' is a path, inside a function too
