"""Rows and messages to Avro and JSON bytes, in Python (the only door to fastavro on this side). No I/O."""
