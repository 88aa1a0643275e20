from . import fapiao_tax_code
from . import product
from . import uom_uom
from . import account_tax
from . import res_partner
from . import res_company
from . import res_config_settings
