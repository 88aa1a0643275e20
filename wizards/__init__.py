from . import account_move_send_wizard
from . import fapiao_issue
from . import fapiao_issue_preview
from . import fapiao_login
from . import fapiao_order_request
from . import fapiao_red_flush
from . import fapiao_red_flush_ask
from . import fapiao_tax_code_import
