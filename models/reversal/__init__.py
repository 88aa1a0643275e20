from . import fapiao
from . import fapiao_red_form_line
from . import fapiao_red_form
from . import fapiao_red_withdrawal
from . import fapiao_request
from . import fapiao_account
from . import account_move
