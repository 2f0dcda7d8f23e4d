"""Vindexes: functions from column values to a keyspace id. One vindex a file; `registry.build` makes them."""
