from . import sql_log
from . import fapiao_guard_mixin
from . import fapiao_pace
from . import fapiao_call
from . import fapiao_task_mixin
from . import fapiao_answer_text
from . import fapiao_account
from . import fapiao_credit
