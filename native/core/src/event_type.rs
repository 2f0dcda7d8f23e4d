//! Binlog event types: their numbers, names and header flags, and how to get rid of those that are not decoded.
#![allow(missing_docs)] // the names are MySQL's own

pub const QUERY: u8 = 2;
pub const STOP: u8 = 3;
pub const ROTATE: u8 = 4;
pub const FORMAT_DESCRIPTION: u8 = 15;
pub const XID: u8 = 16;
pub const TABLE_MAP: u8 = 19;
pub const WRITE_ROWS_V1: u8 = 23;
pub const UPDATE_ROWS_V1: u8 = 24;
pub const DELETE_ROWS_V1: u8 = 25;
pub const INCIDENT: u8 = 26;
pub const HEARTBEAT: u8 = 27;
pub const IGNORABLE: u8 = 28;
pub const ROWS_QUERY: u8 = 29;
pub const WRITE_ROWS: u8 = 30;
pub const UPDATE_ROWS: u8 = 31;
pub const DELETE_ROWS: u8 = 32;
pub const GTID: u8 = 33;
pub const ANONYMOUS_GTID: u8 = 34;
pub const PREVIOUS_GTIDS: u8 = 35;
pub const TRANSACTION_CONTEXT: u8 = 36;
pub const VIEW_CHANGE: u8 = 37;
pub const XA_PREPARE: u8 = 38;
pub const PARTIAL_UPDATE_ROWS: u8 = 39;
pub const TRANSACTION_PAYLOAD: u8 = 40;
pub const HEARTBEAT_V2: u8 = 41;
pub const GTID_TAGGED: u8 = 42;

pub const MARIADB_ANNOTATE_ROWS: u8 = 160;
pub const MARIADB_BINLOG_CHECKPOINT: u8 = 161;
pub const MARIADB_GTID: u8 = 162;
pub const MARIADB_GTID_LIST: u8 = 163;
pub const MARIADB_START_ENCRYPTION: u8 = 164;
pub const MARIADB_QUERY_COMPRESSED: u8 = 165;
pub const MARIADB_WRITE_ROWS_COMPRESSED_V1: u8 = 166;
pub const MARIADB_UPDATE_ROWS_COMPRESSED_V1: u8 = 167;
pub const MARIADB_DELETE_ROWS_COMPRESSED_V1: u8 = 168;
pub const MARIADB_WRITE_ROWS_COMPRESSED: u8 = 169;
pub const MARIADB_UPDATE_ROWS_COMPRESSED: u8 = 170;
pub const MARIADB_DELETE_ROWS_COMPRESSED: u8 = 171;

/// Header flag: made for this connection, not in the binlog file.
pub const ARTIFICIAL: u16 = 0x20;
/// Header flag: the server says that a reader may skip the event when it does not know it.
pub const IGNORABLE_FLAG: u16 = 0x80;
/// Header flag: FORMAT_DESCRIPTION of the file being written; set after its checksum was made.
pub const IN_USE: u16 = 0x01;

/// No consequence for rows: end of a server's run, and notes of Group Replication, of MariaDB's engines and of its
/// encryption, which the server has undone before it sends.
pub fn is_ignored(kind: u8) -> bool {
    matches!(
        kind,
        STOP | IGNORABLE | TRANSACTION_CONTEXT | VIEW_CHANGE | MARIADB_BINLOG_CHECKPOINT | MARIADB_START_ENCRYPTION
    )
}

/// `TRANSACTION_PAYLOAD (40)`, for messages.
pub fn name(kind: u8) -> String {
    let name = match kind {
        1 => "START_V3",
        QUERY => "QUERY",
        STOP => "STOP",
        ROTATE => "ROTATE",
        5 => "INTVAR",
        6 => "LOAD",
        7 => "SLAVE",
        8 => "CREATE_FILE",
        9 => "APPEND_BLOCK",
        10 => "EXEC_LOAD",
        11 => "DELETE_FILE",
        12 => "NEW_LOAD",
        13 => "RAND",
        14 => "USER_VAR",
        FORMAT_DESCRIPTION => "FORMAT_DESCRIPTION",
        XID => "XID",
        17 => "BEGIN_LOAD_QUERY",
        18 => "EXECUTE_LOAD_QUERY",
        TABLE_MAP => "TABLE_MAP",
        WRITE_ROWS_V1 => "WRITE_ROWS_V1",
        UPDATE_ROWS_V1 => "UPDATE_ROWS_V1",
        DELETE_ROWS_V1 => "DELETE_ROWS_V1",
        INCIDENT => "INCIDENT",
        HEARTBEAT => "HEARTBEAT",
        IGNORABLE => "IGNORABLE",
        ROWS_QUERY => "ROWS_QUERY",
        WRITE_ROWS => "WRITE_ROWS",
        UPDATE_ROWS => "UPDATE_ROWS",
        DELETE_ROWS => "DELETE_ROWS",
        GTID => "GTID",
        ANONYMOUS_GTID => "ANONYMOUS_GTID",
        PREVIOUS_GTIDS => "PREVIOUS_GTIDS",
        TRANSACTION_CONTEXT => "TRANSACTION_CONTEXT",
        VIEW_CHANGE => "VIEW_CHANGE",
        XA_PREPARE => "XA_PREPARE",
        PARTIAL_UPDATE_ROWS => "PARTIAL_UPDATE_ROWS",
        TRANSACTION_PAYLOAD => "TRANSACTION_PAYLOAD",
        HEARTBEAT_V2 => "HEARTBEAT_V2",
        GTID_TAGGED => "GTID_TAGGED",
        MARIADB_ANNOTATE_ROWS => "MARIADB_ANNOTATE_ROWS",
        MARIADB_BINLOG_CHECKPOINT => "MARIADB_BINLOG_CHECKPOINT",
        MARIADB_GTID => "MARIADB_GTID",
        MARIADB_GTID_LIST => "MARIADB_GTID_LIST",
        MARIADB_START_ENCRYPTION => "MARIADB_START_ENCRYPTION",
        MARIADB_QUERY_COMPRESSED => "MARIADB_QUERY_COMPRESSED",
        MARIADB_WRITE_ROWS_COMPRESSED_V1 => "MARIADB_WRITE_ROWS_COMPRESSED_V1",
        MARIADB_UPDATE_ROWS_COMPRESSED_V1 => "MARIADB_UPDATE_ROWS_COMPRESSED_V1",
        MARIADB_DELETE_ROWS_COMPRESSED_V1 => "MARIADB_DELETE_ROWS_COMPRESSED_V1",
        MARIADB_WRITE_ROWS_COMPRESSED => "MARIADB_WRITE_ROWS_COMPRESSED",
        MARIADB_UPDATE_ROWS_COMPRESSED => "MARIADB_UPDATE_ROWS_COMPRESSED",
        MARIADB_DELETE_ROWS_COMPRESSED => "MARIADB_DELETE_ROWS_COMPRESSED",
        _ => "UNKNOWN",
    };
    format!("{name} ({kind})")
}

/// What to change at the source so that an event of this type is not written.
pub fn hint(kind: u8) -> Option<&'static str> {
    match kind {
        5..=6 | 8..=14 | 17..=18 => Some(
            "A session writes with binlog_format=STATEMENT or MIXED: set it to ROW and copy the affected table again.",
        ),
        _ => None,
    }
}
