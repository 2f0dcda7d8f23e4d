"""The seam: bytes of the replication socket in, Kafka records and checkpoints out. No I/O, no clock of its own."""
