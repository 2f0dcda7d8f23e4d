"""The demo's shop: five tables with all common column types, a hundred thousand rows, and how they are sharded.

Used by `rowcast demo`, by the fault tests and by bench/.
"""

from dataclasses import dataclass

from connector.mysql.connection import Connection, query

DATABASE = "shop"


@dataclass(frozen=True, slots=True)
class ShopTable:
    """One table: DDL, how to fill it with `rows` rows (numbered by `n`), and its sharding column."""

    name: str
    ddl: str
    fill: str  # SELECT over the numbers n, in column order
    share: int  # rows per 100 of the shop
    shard_by: str


TABLES = (
    ShopTable(
        "customer",
        """create table customer (
          id bigint unsigned not null auto_increment primary key,
          email varchar(190) character set utf8mb4 collate utf8mb4_bin not null,
          name varchar(80) not null,
          born date null,
          vip tinyint(1) not null default 0,
          tier enum('bronze','silver','gold','été') not null default 'bronze',
          flags set('news','sms','post') null,
          balance decimal(12,2) not null default 0,
          profile json null,
          avatar varbinary(64) null,
          created datetime(3) not null,
          updated timestamp(6) not null default current_timestamp(6) on update current_timestamp(6),
          unique key (email)
        )""",
        """n, concat('c', n, '@example.org'), concat(elt(1 + n % 4, 'Ada', 'Grace', 'Zoë', '李'), ' ', n),
           if(n % 7, date('1950-01-01') + interval n % 20000 day, null), n % 10 = 0,
           elt(1 + n % 4, 'bronze', 'silver', 'gold', 'été'), if(n % 5, elt(1 + n % 3, 'news', 'news,sms', ''), null),
           n * 1.37, json_object('n', n, 'tags', json_array('a', n % 3)), unhex(left(sha2(n, 256), 32)),
           timestamp('2024-01-01') + interval n second, timestamp('2024-06-01') + interval n * 1001 microsecond""",
        20,
        "id",
    ),
    ShopTable(
        "product",
        """create table product (
          sku varchar(32) character set latin1 collate latin1_bin not null,
          region smallint not null,
          shard int unsigned not null,
          title text not null,
          price decimal(20,6) not null,
          weight float null,
          volume double null,
          dims bit(12) not null,
          year_ year null,
          image blob null,
          primary key (sku, region)
        )""",
        """concat('SKU-', n), n % 5 - 2, n, repeat(concat('Wörd ', n, ' '), 1 + n % 4), n / 7, n / 3.0, n * 1e-3,
           n % 4096, 1990 + n % 60, unhex(left(sha2(n, 256), 40))""",
        5,
        "shard",
    ),
    ShopTable(
        "orders",
        """create table orders (
          id bigint not null auto_increment primary key,
          customer_id bigint unsigned not null,
          placed timestamp(3) not null,
          due date null,
          state varchar(16) not null,
          note varchar(255) null,
          total decimal(14,4) not null,
          key (customer_id)
        )""",
        """n, 1 + n % 20000, timestamp('2024-02-01') + interval n second, date('2024-02-01') + interval n % 90 day,
           elt(1 + n % 3, 'new', 'paid', 'sent'), if(n % 3, concat('it''s \\\\ "', n, '" 🚚'), null), n * 0.25""",
        25,
        "customer_id",
    ),
    ShopTable(
        "order_item",
        """create table order_item (
          order_id bigint not null,
          line tinyint unsigned not null,
          customer_id bigint unsigned not null,
          sku varchar(32) not null,
          quantity mediumint not null,
          price decimal(20,6) not null,
          total decimal(24,6) as (quantity * price) stored,
          packed time(2) null,
          primary key (order_id, line)
        )""",
        """1 + n div 2, n % 2, 1 + n % 20000, concat('SKU-', n % 5000), n % 9 - 1, n / 11,
           sec_to_time(n % 200000 - 100000)""",
        40,
        "customer_id",
    ),
    ShopTable(
        "visit",
        """create table visit (
          id binary(16) not null primary key,
          customer_id bigint unsigned not null,
          at datetime(6) not null,
          page varchar(120) not null,
          seconds int null,
          place point null
        )""",
        """unhex(left(sha2(concat('v', n), 256), 32)), 1 + n % 20000,
           timestamp('2024-03-01') + interval n * 1013 microsecond, concat('/p/', n % 997),
           nullif(n % 600, 0), if(n % 4, point(n % 180, n % 90), null)""",
        10,
        "customer_id",
    ),
)


def create_tables(connection: Connection) -> None:
    """The empty schema, at the source and at every shard."""
    query(connection, f"create database if not exists {DATABASE} default character set utf8mb4")
    connection.select_db(DATABASE)
    for table in TABLES:
        query(connection, table.ddl)


def load(connection: Connection, rows: int) -> int:
    """Fill the source with about `rows` rows; returns how many there are."""
    query(connection, "set session cte_max_recursion_depth = 10000000")
    loaded = 0
    for table in TABLES:
        count = rows * table.share // 100
        names = _columns(connection, table.name)
        query(
            connection,
            f"insert into {table.name} ({names}) with recursive seq (n) as "
            f"(select 1 union all select n + 1 from seq where n < {count}) select {table.fill} from seq",
        )
        loaded += count
    return loaded


def _columns(connection: Connection, table: str) -> str:
    rows = query(
        connection,
        "select group_concat(column_name order by ordinal_position) from information_schema.columns"
        " where table_schema = database() and table_name = %s and extra not like '%%GENERATED%%'"
        " or table_schema = database() and table_name = %s and extra like 'DEFAULT_GENERATED%%'",
        (table, table),
    )
    return str(rows[0][0])


def configuration(*, source: str, shards: tuple[str, str], bootstrap: str, listener: str | None) -> str:
    """The TOML file of the demo. `source` and `shards` are host:port of servers with a passwordless root;
    `listener` is where /metrics is served, None = nowhere.
    """
    host, _, port = source.rpartition(":")
    vschema = "\n".join(
        f'[vschema.{DATABASE}.{table.name}]\ncolumn = "{table.shard_by}"\ntype = "hash"\n' for table in TABLES
    )
    serve = f'"rest.listeners" = "{listener}"\n' if listener else ""
    return f"""# A shop, split by customer over two MySQL shards, with a change feed for everybody else.
{serve}
[kafka]
"bootstrap.servers" = "{bootstrap}"

[connectors.shop]
"connector.class" = "rowcast.MySqlSource"
"database.hostname" = "{host}"
"database.port" = {port}
"database.user" = "root"
"database.password" = ""
"topic.prefix" = "shop"
"topic.mode" = "both"
"keyspace" = "{DATABASE}"
"shard" = "0"
"target.shards" = "-80,80-"
"heartbeat.interval.ms" = 1000
rules = [ {{ match = "/.*", filter = "" }} ]

[connectors.split]
"connector.class" = "rowcast.MySqlSink"
streams = ["shop.{DATABASE}.0"]
shards = {{ "-80" = "mysql://root@{shards[0]}/{DATABASE}", "80-" = "mysql://root@{shards[1]}/{DATABASE}" }}

{vschema}"""
