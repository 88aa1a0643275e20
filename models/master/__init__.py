from . import fapiao_tax_code
from . import fapiao_tax_code_update_line
from . import fapiao_tax_code_update
from . import product
from . import account_tax
from . import res_partner
from . import res_company
from . import res_config_settings
