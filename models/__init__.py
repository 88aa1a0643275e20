# Imported in this order: a package may extend models of earlier packages only (docs/architecture.md).
from . import cloud
from . import master
from . import issuing
from . import reversal
from . import callbacks
from . import sales
from . import received
from . import expenses
from . import reporting
