"""The one error tree. Import errors from here; the modules below only keep families together.

`docs/errors.md` is generated from it.
"""

from connector.model.errors.base import *
from connector.model.errors.configuration import *
from connector.model.errors.kafka import *
from connector.model.errors.ourselves import *
from connector.model.errors.sinks import *
from connector.model.errors.source import *
