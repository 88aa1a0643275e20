from . import callback
from . import files
from . import pick
