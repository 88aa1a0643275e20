from . import callback
from . import files
