"""The lossless profile: which Avro type carries a MySQL type in row images of stream topics.

Called by `connector.encode.rows` and by `sinks.messages`. Types are MySQL's names (information_schema data_type).
Text forms keep what Avro's own types cannot hold: zero dates, negative times, every digit of a DECIMAL.
"""

LOSSLESS: dict[str, str] = {
    "tinyint": "long",
    "smallint": "long",
    "mediumint": "long",
    "int": "long",
    "bigint": "long",  # BIGINT UNSIGNED as the two's complement of the same 64 bits
    "float": "float",
    "double": "double",
    "decimal": "string",
    "year": "string",
    "date": "string",
    "time": "string",
    "datetime": "string",
    "timestamp": "string",
    "char": "string",
    "varchar": "string",
    "tinytext": "string",
    "text": "string",
    "mediumtext": "string",
    "longtext": "string",
    "enum": "string",
    "set": "string",
    "json": "string",
    "bit": "bytes",
    "binary": "bytes",
    "varbinary": "bytes",
    "tinyblob": "bytes",
    "blob": "bytes",
    "mediumblob": "bytes",
    "longblob": "bytes",
    "geometry": "bytes",
    "vector": "bytes",
}


def wraps(mysql_type: str, unsigned: bool) -> bool:
    """Whether values of the type above 2^63-1 exist and are written in two's complement."""
    return mysql_type == "bigint" and unsigned
