"""Measurements: workloads (what the source writes) x subjects (who follows it), on servers of tools/stack."""
