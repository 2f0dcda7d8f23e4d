"""Real MySQL and Kafka servers without a container engine; tests, the demo and the benchmarks start them through
`Stack`.

    with Stack() as stack:
        source = stack.start_mysql("source")
        kafka = stack.start_kafka()

Servers that the environment names (ROWCAST_TEST_MYSQL_URLS, ROWCAST_TEST_KAFKA) come first, then a `mysqld` on PATH,
then a private download into the clone's `.stack` folder. The command is `rowcast-stack up|down|status`.
"""

from tools.stack.kafka import Broker, KafkaCluster
from tools.stack.mysql import MySqlServer
from tools.stack.stack import Stack
from tools.stack.workspace import StackError

__all__ = ["Broker", "KafkaCluster", "MySqlServer", "Stack", "StackError"]
