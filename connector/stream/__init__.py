"""The source task: one source shard's ordered change log, from the binlog into Kafka transactions."""
