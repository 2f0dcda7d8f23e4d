"""MySQL servers: connections, introspection, preflight, snapshot, binlog dump. The only door to PyMySQL."""
