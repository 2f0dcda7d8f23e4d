"""Text comparison exactly as MySQL's collations do it. Called by `compare` and `literals`.

`collation(name)` is the way in; `sort_key` and `like_matcher` are it for callers that need one thing. The column's
collation decides: a literal beside a column is coercible, so that MySQL converts it to the column's character set.
"""

from connector.rules.collation.like import bytes_like_matcher
from connector.rules.collation.names import Collation, collation, like_matcher, sort_key, supported

__all__ = ["Collation", "bytes_like_matcher", "collation", "like_matcher", "sort_key", "supported"]
