# The order is the structure: a package may extend models of a package before it, never the other way round.
from . import cloud
from . import master
from . import issuing
from . import reversal
from . import callbacks
from . import sales
from . import received
from . import expenses
