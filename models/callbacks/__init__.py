from . import fapiao_callback
from . import fapiao_account
from . import fapiao
