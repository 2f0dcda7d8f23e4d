"""The source side's only door to Kafka: transactional publishing, positions, topics, the schema registry.

Used by `connector.stream` (publisher, positions, topics, registry), `connector.worker` (status) and `connector.cli`
(reader, positions, preflight). Nothing outside this package and `sinks.consumer` imports confluent_kafka.
"""
