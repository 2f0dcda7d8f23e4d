"""The native core is compared where it is built; `tools/native.sh` builds it."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("rowcast_native") else ["test_native.py", "test_native_sql.py"]
