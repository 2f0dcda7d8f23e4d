"""Bytes of the replication stream to events and rows, in Python and without I/O; the specification of the native
core.
"""
