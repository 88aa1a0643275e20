from . import crm_team
from . import fapiao_account
from . import sale_order
from . import sale_order_line
from . import fapiao_request
from . import fapiao_request_line
from . import fapiao
from . import account_move
