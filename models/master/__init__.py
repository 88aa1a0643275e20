from . import fapiao_tax_code
from . import fapiao_element
from . import fapiao_element_row
from . import product
from . import account_tax
from . import res_partner
from . import res_company
from . import res_config_settings
