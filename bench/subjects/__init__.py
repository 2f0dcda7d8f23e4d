"""Who follows the source: one module a subject, each with `measure(workload, stack) -> list[Result]`."""
