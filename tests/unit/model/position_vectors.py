"""What rowcast answers to the position vectors of Vitess, one function per operation. Used by `test_position_vectors`.

Answers have the shape of the vectors' `expected`; every refusal is "error".
"""

from collections.abc import Callable
from typing import Any

from connector.model import flavors
from connector.model.errors import PositionInvalid
from connector.model.file_position import FilePosition
from connector.model.flavors import Position
from connector.model.gtid import GtidSet
from connector.model.gtid_text import parse_gtid, parse_uuid
from connector.model.mariadb_gtid import MariadbGtid, MariadbGtidSet
from connector.model.position import encode_position, parse_position

ANOTHER = ("(another flavor)", "(GTID of another flavor)", "(set of another flavor)")
FOREIGN = {"MySQL56": "MariaDB/0-1-1", "MariaDB": "FilePos/f:1", "FilePos": "MariaDB/0-1-1"}

Answer = Callable[[dict[str, Any]], object]


def _position(flavor: str, text: str | None) -> Position | None:
    if text is None:
        return None
    return flavors.decode_position(FOREIGN[flavor] if text in ANOTHER else flavors.join_flavor(flavor, text))


def _set(flavor: str, text: str) -> GtidSet | MariadbGtidSet:
    found = _position(flavor, text)
    assert isinstance(found, GtidSet | MariadbGtidSet)
    return found


def _mysql(text: str) -> GtidSet:
    return GtidSet.parse(text)


# ---- the sets of one flavour (gtid_mysql56, gtid_mariadb) -----------------------------------------------------------
def _of_flavor(flavor: str) -> dict[str, Answer]:
    def contains_gtid(given: dict[str, Any]) -> object:
        if given["gtid"] is None:
            return True  # nothing is in every set; rowcast has no such GTID
        if given["gtid"] in ANOTHER:
            return flavors.at_least(_set(flavor, given["set"]), _position(flavor, given["gtid"]))
        return _set(flavor, given["set"]).contains_gtid(given["gtid"])

    def contains(given: dict[str, Any]) -> object:
        other = _position(flavor, given["other"])
        return other is not None and flavors.at_least(_set(flavor, given["set"]), other)

    def add_gtid(given: dict[str, Any]) -> object:
        before = _set(flavor, given["set"])
        gtid = FOREIGN[flavor] if given["gtid"] in ANOTHER else given["gtid"]
        after = flavors.with_gtid(before, gtid)
        assert before == _set(flavor, given["set"]), "the set given is left alone"
        return str(after)

    return {
        "contains_gtid": contains_gtid,
        "contains": contains,
        "add_gtid": add_gtid,
        "equal": lambda given: _position(flavor, given["a"]) == _position(flavor, given["b"]),
        "union": lambda given: str(flavors.union(_set(flavor, given["a"]), _set(flavor, given["b"]))),
        "last_gtid": lambda given: _set(flavor, given["set"]).last_gtid(),
        "flavor": lambda _: _set(flavor, "").flavor,
        "gtid_to_set": lambda given: str(flavors.with_gtid(None, flavors.join_flavor(flavor, given["gtid"]))),
    }


MYSQL: dict[str, Answer] = {
    **_of_flavor("MySQL56"),
    "sort_sids": lambda given: {"sids": _mysql(",".join(f"{sid}:1" for sid in given["sids"])).sources},
    "parse": lambda given: {"canonical": str(_mysql(given["text"]))},
    "to_string": lambda given: str(_mysql(given["set"])),
    "subtract": lambda given: str(_mysql(given["a"]).subtract(_mysql(given["b"]))),
    "count": lambda given: _mysql(given["set"]).count(),
    "sids": lambda given: {"sids": _mysql(given["set"]).sources},
    "sid_block": lambda given: {"hex": _mysql(given["set"]).encode().hex()},
    "errant_gtids_on_replica": lambda given: str(
        parse_position(given["replica_position"]).errant(
            given["primary_sid"], parse_position(given["primary_position"])
        )
    ),
    "find_errant_gtids": lambda given: str(
        _mysql(given["main_set"]).errant(given["source_uuid"], *map(_mysql, given["other_sets"]))
    ),
    "remove_uuid": lambda given: str(_mysql(given["set"]).without_source(given["uuid"])),
    "parse_gtid": lambda given: dict(zip(("sid", "sequence"), parse_gtid(given["text"]), strict=True)),
    "parse_sid": lambda given: {"hex": parse_uuid(given["text"]).replace("-", "")},
    "sid_to_string": lambda given: parse_uuid(given["hex"]),
    "gtid_to_string": lambda given: _mysql(f"{given['sid']}:{given['sequence']}").last_gtid(),
    "decode_position_mysql56": lambda given: {
        "zero": not given["text"],
        "set": str(parse_position(given["text"])) if given["text"] else None,
    },
    "position_append_gtid": lambda given: str(
        flavors.with_gtid(_position("MySQL56", given["position"]), f"MySQL56/{given['gtid']}")
    ),
}
MARIADB: dict[str, Answer] = {
    **_of_flavor("MariaDB"),
    "parse_gtid": lambda given: str(MariadbGtid.parse(given["text"])),
    "parse_set": lambda given: {"canonical": str(MariadbGtidSet.parse(given["text"]))},
    "gtid_to_string": lambda given: str(MariadbGtid(given["domain"], given["server"], given["sequence"])),
    "to_string": lambda given: str(MariadbGtidSet.parse(",".join(given["set_any_order"]))),
}


# ---- positions of any flavour ---------------------------------------------------------------------------------------
def _append(given: dict[str, Any]) -> object:
    before = flavors.decode_position(given["position"] or "")
    if given["gtid"] is None:
        return flavors.format_position(before)
    return flavors.format_position(
        flavors.with_gtid(
            before,
            given["gtid"].replace(":", "/", 1)
            if before is None or ":" in given["gtid"].partition("-")[0]
            else given["gtid"],
        )
    )


def _split(given: dict[str, Any]) -> object:
    if not given["text"]:
        return {"zero": True} if flavors.decode_position("") is None else {}
    return dict(zip(("flavor", "value"), flavors.split_flavor(given["text"]), strict=True))


def _join(given: dict[str, Any]) -> str:
    return "" if given["flavor"] is None else flavors.join_flavor(given["flavor"], given["value"])


def _status(given: dict[str, Any]) -> dict[str, object]:
    """Positions as the columns of SHOW BINARY LOG STATUS and SHOW REPLICA STATUS give them."""
    row = given["row"]
    found: dict[str, object] = {}
    for name, file, offset in (
        ("file_position", "File", "Position"),
        ("file_position", "Relay_Master_Log_File", "Exec_Master_Log_Pos"),
        ("relay_log_source_binlog_equivalent_position", "Master_Log_File", "Read_Master_Log_Pos"),
        ("relay_log_file_position", "Relay_Log_File", "Relay_Log_Pos"),
    ):
        if file in row:
            found[name] = encode_position(FilePosition.parse(f"{row[file]}:{row[offset]}"))
    if "Executed_Gtid_Set" in row:
        executed = _mysql(row["Executed_Gtid_Set"])
        found["position"] = encode_position(executed)
        found["relay_log_position"] = encode_position(executed.union(_mysql(row.get("Retrieved_Gtid_Set", ""))))
    if "Gtid_Slave_Pos" in row:
        found["position"] = encode_position(MariadbGtidSet.parse(row["Gtid_Slave_Pos"]))
        found["relay_log_position"] = None
    found.setdefault("position", found.get("file_position"))
    return found


POSITIONS: dict[str, Answer] = {
    "equal": lambda given: flavors.decode_position(given["a"] or "") == flavors.decode_position(given["b"] or ""),
    "at_least": lambda given: flavors.at_least(
        flavors.decode_position(given["a"] or ""), flavors.decode_position(given["b"] or "")
    ),
    "is_zero": lambda given: flavors.decode_position(given["position"] or "") is None,
    "append_gtid": _append,
    "encode": _join,
    "encode_gtid": _join,
    "decode": _split,
    "decode_gtid": lambda given: _split(given) if given["text"] else None,
    "decode_default_flavor": lambda given: dict(
        zip(
            ("flavor", "value"),
            flavors.split_flavor(flavors.format_position(flavors.decode_position(given["text"], given["default"]))),
            strict=True,
        )
    ),
    "json_encode": lambda given: f'"{_join(given)}"',
    "json_encode_in_object": lambda given: f'{{"Position":"{_join(given)}"}}',
    "json_decode": lambda given: _split({"text": given["text"][1:-1]}),
    "parse": lambda given: flavors.format_position(flavors.decode_position(f"{given['flavor']}/{given['value']}")),
    "parse_gtid": lambda given: str(flavors.with_gtid(None, f"{given['flavor']}/{given['value']}")),
    "filepos_to_string": lambda given: str(FilePosition(given["file"], given["pos"])),
    "filepos_contains": lambda given: FilePosition.parse(given["a"]).contains(FilePosition.parse(given["b"])),
    "mysql_primary_status": _status,
    "mysql_replica_status": _status,
    "mariadb_replica_status": _status,
    "filepos_primary_status": _status,
    "filepos_replica_status": _status,
}


# ---- outputs of Vitess ----------------------------------------------------------------------------------------------
def _described(position: Position | None) -> dict[str, object]:
    if not position:
        return {"zero": True}
    return {
        "empty": False,
        "encoded": encode_position(position),
        "flavor": position.flavor,
        "last": position.last_gtid(),
        "value": str(position),
    }


def _parsed(given: dict[str, Any]) -> object:
    found = flavors.decode_position(flavors.join_flavor(given["flavor"], given["text"]))
    described = _described(found)
    if isinstance(found, GtidSet):
        described |= {"count": found.count(), "sid_block": found.encode().hex(), "sids": found.sources}
    return described


def _parsed_gtid(given: dict[str, Any]) -> object:
    position = flavors.with_gtid(None, flavors.join_flavor(given["flavor"], given["text"]))
    found = {"encoded": encode_position(position), "set": str(position), "value": position.last_gtid()}
    domain, server, sequence = "<nil>", "", ""
    if isinstance(position, GtidSet):
        server, number = parse_gtid(given["text"])
        sequence = str(number)
    elif isinstance(position, MariadbGtidSet):
        (gtid,) = position
        domain, server, sequence = str(gtid.domain), str(gtid.server), str(gtid.sequence)
    return found | {"domain": domain, "server": server, "sequence": sequence}


def _set_ops(given: dict[str, Any]) -> object:
    a = flavors.decode_position(flavors.join_flavor(given["flavor"], given["a"]))
    b = flavors.decode_position(flavors.join_flavor(given["b_flavor"], given["b"]))
    assert a is not None
    assert b is not None
    after = str(flavors.with_gtid(a, given["gtid"]))
    found = {
        "add_gtid": after,
        "add_gtid_in_place": after,
        "at_least": flavors.at_least(a, b),
        "contained_by": flavors.at_least(b, a),
        "contains": flavors.at_least(a, b),
        "contains_gtid": a.contains_gtid(given["gtid"]),
        "equal": a == b,
    }
    if a.flavor == b.flavor:
        found["union"] = found["union_in_place"] = str(flavors.union(a, b))
    if isinstance(a, GtidSet) and isinstance(b, GtidSet):
        found["difference"] = str(a.subtract(b))
        found["difference_reverse"] = str(b.subtract(a))
        found["errant_on_replica"] = str(a.errant(given["primary_sid"], b))
        found["remove_uuid"] = str(a.without_source(given["remove_uuid"]))
    return found


def _appended(given: dict[str, Any]) -> object:
    position = flavors.decode_position(flavors.join_flavor(given["flavor"], given["start"])) if given["start"] else None
    for gtid in given["gtids"]:
        position = flavors.with_gtid(position, flavors.join_flavor(given["flavor"], gtid))
    return {"encoded": flavors.format_position(position)}


def _json(given: dict[str, Any]) -> object:
    position = flavors.decode_position(given["text"])
    return {
        "json": f'"{flavors.format_position(position)}"',
        "mysql56": isinstance(position, GtidSet),
        "string": "<nil>" if position is None else str(position),
    }


OUTPUTS: dict[str, Answer] = {
    "parse_set": _parsed,
    "parse_gtid": _parsed_gtid,
    "set_ops": _set_ops,
    "append_gtids": _appended,
    "decode_position": lambda given: _described(flavors.decode_position(given["text"])),
    "decode_position_default_flavor": lambda given: _described(
        flavors.decode_position(given["text"], given["default"])
    ),
    "decode_position_mysql56": lambda given: (
        _described(parse_position(given["text"]))
        | {"set_nil": flavors.decode_position(given["text"], "MySQL56") is None}
    ),
    "position_json": _json,
    "from_sid_block": lambda given: {"value": str(GtidSet.decode(bytes.fromhex(given["hex"])))},
}

FILES = {"gtid_mysql56": MYSQL, "gtid_mariadb": MARIADB, "positions": POSITIONS, "ogt": OUTPUTS}


def answer(case: dict[str, Any]) -> object:
    """What rowcast says to a case; KeyError when no function is for its operation."""
    asked = FILES[case["id"].split("-")[0]][case["op"]]
    try:
        return asked(case["input"])
    except PositionInvalid:
        return "error"
