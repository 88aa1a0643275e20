from . import fapiao_sales_report
