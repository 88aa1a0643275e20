from . import fapiao
from . import fapiao_request
from . import fapiao_request_line
from . import fapiao_withdrawal
from . import fapiao_document_mixin
from . import account_move
from . import account_move_line
from . import account_move_send
