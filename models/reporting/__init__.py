from . import fapiao
from . import fapiao_archive
from . import fapiao_sales_report
