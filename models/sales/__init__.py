from . import sale_order
from . import sale_order_line
from . import fapiao_request
from . import fapiao_request_line
from . import fapiao
from . import fapiao_red_form
from . import account_move
