"""Who lives in a fresh sandbox. Everything here is obviously fake."""

from decimal import Decimal

PHONE = "13800000000"
PASSWORD = "sandbox"
TENANT_ID = 1

# Both numbers carry valid check digits (GB 32100-2015, and GB 11714 inside).
TAX_NO = "91310000MA1FAKE002"
NAME = "沙箱科技有限公司"
ADDRESS = "上海市沙箱路1号 021-00000000"
BANK = "沙箱银行上海分行 6200000000000000000"
USERNAME = "13900000000"
TAX_PASSWORD = "sandbox-tax"
CERT_PIN = "12345678"
CREDIT_TOTAL = Decimal("3000000.00")

BUYER_TAX_NO = "91440300MA5BUYER26"
BUYER_NAME = "演示采购有限公司"
BUYER_ADDRESS = "深圳市演示路2号 0755-00000000"
BUYER_BANK = "演示银行深圳分行 6211111111111111111"
BUYER_USERNAME = "13700000000"

KINGDEE_PREFIX = "sandbox"
KINGDEE_ACCOUNT_ID = "sandbox-account-id"
KINGDEE_TENANT_ID = "sandbox-tenant-id"
KINGDEE_APP_ID = "sandbox-app-id"
KINGDEE_APP_SECRET = "sandbox-app-secret"
KINGDEE_USER = "sandbox-user"
KINGDEE_MOBILE = "13600000000"
KINGDEE_USERS = (KINGDEE_USER, KINGDEE_MOBILE)
KINGDEE_SYSTEM = "ODOO"

ASSISTANT_CLIENT_ID = "sandbox-client"
ASSISTANT_CLIENT_SECRET = "sandbox-client-secret"
