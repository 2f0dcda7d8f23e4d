"""`python -m tools.stack` is the same command as `.venv/bin/rowcast-stack`."""

import sys

from tools.stack.cli import main

sys.exit(main())
