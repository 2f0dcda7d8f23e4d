"""SQL rules: which tables, rows and columns a stream carries, and which shard each row belongs to.

`ruleset.RuleSet` reads the rules and plans tables, `evaluate.PlanEvaluator` runs a plan over row changes,
`describe` prints plans. The only door to sqlglot.
"""
