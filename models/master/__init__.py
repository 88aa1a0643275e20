from . import fapiao_tax_code
from . import product
from . import account_tax
from . import res_partner
from . import fapiao_former_name
from . import res_company
from . import res_config_settings
