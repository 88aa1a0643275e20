"""What the tests of the sandbox's 金蝶发票云 share: raw calls, and a valid bill to spoil.

Deliberately no client: each test spells the wire out, as the protocol document does.
"""

import base64
import json
import time

from .sandbox_case import SandboxCase, defaults

APP = {
    "appId": defaults.KINGDEE_APP_ID,
    "appSecuret": defaults.KINGDEE_APP_SECRET,
    "accountId": defaults.KINGDEE_ACCOUNT_ID,
    "tenantid": "",
    "language": "zh_CN",
}
OPEN_API = "/kapi/app/sim/openApi"


def row(**changes):
    """13 % on 100, untaxed; keyword None removes a key."""
    line = {
        "lineProperty": "2",
        "detailId": "1",
        "goodsName": "*软件*沙箱软件",
        "goodsCode": "G1",
        "revenueCode": "1060301020100000000",
        "specification": "V1",
        "units": "套",
        "quantity": "2",
        "price": "50",
        "amount": "100.00",
        "taxRate": "0.13",
        "taxAmount": "13.00",
        "privilegeFlag": "0",
    }
    return {key: value for key, value in {**line, **changes}.items() if value is not None}


def bill(number, rows=None, **changes):
    """A valid bill of which the totals follow the rows; keyword None removes a key."""
    rows = [row()] if rows is None else rows
    total = sum(round(float(each["amount"]) * 100) + round(float(each.get("taxAmount", 0)) * 100) for each in rows)
    item = {
        "billNo": number,
        "billDate": "2026-03-01",
        "billSource": "5",
        "priority": "0",
        "invoiceType": "10xdp",
        "includeTaxFlag": "0",
        "totalAmount": f"{total / 100:.2f}",
        "autoInvoice": "1",
        "autoMerge": "0",
        "sellerTaxpayerId": defaults.TAX_NO,
        "sellerName": defaults.NAME,
        "sellerBankAndAccount": defaults.BANK,
        "sellerAddressAndTel": defaults.ADDRESS,
        "buyerTaxpayerId": defaults.BUYER_TAX_NO,
        "buyerName": defaults.BUYER_NAME,
        "buyerProperty": "0",
        "drawer": "张三",
        "remark": "测试",
        "billDetail": rows,
    }
    return {key: value for key, value in {**item, **changes}.items() if value is not None}


def packed(data):
    return base64.b64encode(json.dumps(data, ensure_ascii=False).encode()).decode()


def unpacked(data):
    return json.loads(base64.b64decode(data, validate=True))


class KingdeeCase(SandboxCase):
    # --- raw calls ---

    def send(self, path, body, base=None, **options):
        return self.http.post((base or self.server.kingdee_url) + path, json=body, timeout=10, **options)

    def app_token(self, **changes):
        return self.send("/api/getAppToken.do", {**APP, **changes}).json()

    def log_in(self):
        app = self.app_token()["data"]["app_token"]
        answer = self.send(
            "/api/login.do",
            {
                "user": defaults.KINGDEE_MOBILE,
                "apptoken": app,
                "tenantid": "",
                "usertype": "Mobile",
                "accountId": defaults.KINGDEE_ACCOUNT_ID,
            },
        ).json()
        self.token = answer["data"]["access_token"]
        return self.token

    def envelope(self, interface, content, **changes):
        """requestId: 13 digits of milliseconds and three more."""
        self.serial += 1
        return {
            "requestId": f"{int(time.time() * 1000)}{self.serial % 1000:03d}",
            "interfaceCode": interface,
            "businessSystemCode": defaults.KINGDEE_SYSTEM,
            "data": packed(content),
            **changes,
        }

    def raw(self, interface, content, **changes):
        token = self.token or self.log_in()
        body = self.envelope(interface, content, **changes)
        return self.send(OPEN_API, body, headers={"access_token": token})

    def ask(self, interface, content, **changes):
        """The answer, its data unpacked."""
        response = self.raw(interface, content, **changes)
        self.assertEqual(response.status_code, 200, response.text)
        answer = response.json()
        if isinstance(answer.get("data"), str):
            answer["data"] = unpacked(answer["data"])
        return answer

    # --- bills ---

    def push(self, *bills):
        return self.ask("BILL.PUSH", list(bills))

    def pushed(self, *bills):
        answer = self.push(*bills)
        self.assertTrue(answer["success"], answer)
        return answer

    def query(self, number, **changes):
        return self.ask("BILL.INVOICE.QUERY", {"sellerTaxpayerId": defaults.TAX_NO, "serialNo": number, **changes})

    def invoices(self, number):
        answer = self.query(number)
        self.assertTrue(answer["success"], answer)
        (found,) = answer["data"]
        self.assertEqual(found["billNo"], number)
        return found["invoiceList"]

    def withdraw(self, *numbers):
        return self.ask("BILL.WITHDRAW", {"sellerTaxpayerId": defaults.TAX_NO, "serialNos": list(numbers)})

    def refused_bill(self, item, text, code="9999"):
        """Refused, and nothing of it is there."""
        answer = self.push(item)
        self.assertEqual((answer["success"], answer["errorCode"]), (False, code), answer)
        self.assertIn(text, answer["message"])
        self.assertEqual(len(self.world.fapiao), 0)
        return answer

    def issued(self, number):
        return self.world.fapiao_of_bill(number)
