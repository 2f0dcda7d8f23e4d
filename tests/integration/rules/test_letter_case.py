"""connector/rules/case_maps.dat is what this server's UPPER and LOWER do."""

import json
import zlib

from tools import case_maps
from tools.stack import MySqlServer


def test_the_case_maps_are_this_servers(mysql_source: MySqlServer) -> None:
    written = json.loads(zlib.decompress(case_maps.OUTPUT.read_bytes()))
    assert written == json.loads(zlib.decompress(case_maps.generate(mysql_source)))
