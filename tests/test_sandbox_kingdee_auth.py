"""Logging in to 金蝶发票云: two tokens, tenants with and without a prefix, interfaces."""

import time

from .sandbox_kingdee_case import APP, OPEN_API, KingdeeCase, bill, defaults

USER = {"user": defaults.KINGDEE_USER, "usertype": "UserName", "tenantid": "", "accountId": defaults.KINGDEE_ACCOUNT_ID}


class TestAppToken(KingdeeCase):
    def test_shape_of_the_documents(self):
        answer = self.app_token()
        self.assertEqual((answer["state"], answer["status"]), ("success", True))
        self.assertEqual(set(answer["data"]), {"app_token", "success", "error_desc", "expire_time", "error_code"})
        self.assertEqual((answer["data"]["success"], answer["data"]["error_code"]), (True, "0"))
        self.assertGreater(answer["data"]["expire_time"], time.time() * 1000 + 7_000_000)

    def refused(self, text, **changes):
        answer = self.app_token(**changes)
        self.assertEqual((answer["data"]["success"], answer["state"]), (False, "error"))
        self.assertNotIn("app_token", answer["data"])
        self.assertIn(text, answer["data"]["error_desc"])
        return answer["data"]["error_code"]

    def test_each_mistake_has_its_own_answer(self):
        codes = [
            self.refused("accountId", accountId="other"),
            self.refused("appSecret", appId="other"),
            self.refused("tenantid", tenantid="other"),
        ]
        self.assertEqual(len(set(codes)), 3)
        self.assertEqual(self.refused("appSecret", appSecuret="wrong"), codes[1])

    def test_both_spellings_of_the_secret(self):
        secret = APP["appSecuret"]
        for sent in ({"appSecuret": None, "appSecret": secret}, {"appSecret": secret}):
            self.assertTrue(self.app_token(**sent)["data"]["success"])
        self.refused("appSecret", appSecret="wrong")  # the two disagree

    def test_no_secret_in_the_log(self):
        self.log_in()
        text = str(self.world.calls.of())
        self.assertNotIn(defaults.KINGDEE_APP_SECRET, text)
        self.assertNotIn("SANDBOX-" + defaults.KINGDEE_ACCOUNT_ID, text)


class TestLogin(KingdeeCase):
    def sign_in(self, **changes):
        token = self.app_token()["data"]["app_token"]
        return self.send("/api/login.do", {**USER, "apptoken": token, **changes}).json()

    def test_by_name_and_by_number(self):
        for changes in ({}, {"user": defaults.KINGDEE_MOBILE, "usertype": "Mobile"}):
            answer = self.sign_in(**changes)
            self.assertTrue(answer["data"]["access_token"], answer)
            self.assertGreater(answer["data"]["expire_time"], time.time() * 1000)

    def test_mistakes(self):
        for text, changes in (
            ("用户", {"user": "nobody"}),
            ("用户", {"usertype": "Mobile"}),
            ("usertype", {"usertype": ""}),
            ("apptoken", {"apptoken": "wrong"}),
            ("accountId", {"accountId": "other"}),
        ):
            answer = self.sign_in(**changes)
            self.assertFalse(answer["status"])
            self.assertIn(text, answer["data"]["error_desc"])

    def test_an_access_token_is_no_app_token(self):
        answer = self.sign_in(apptoken=self.log_in())
        self.assertIn("apptoken", answer["data"]["error_desc"])

    def test_app_token_expires(self):
        token = self.app_token()["data"]["app_token"]
        self.world.advance(hours=3)
        answer = self.sign_in(apptoken=token)
        self.assertIn("已过期", answer["data"]["error_desc"])


class TestToken(KingdeeCase):
    def status(self, where):
        """Pushes a bill with the token in these places."""
        headers = {"access_token": where["header"]} if "header" in where else {}
        params = {"access_token": where["query"]} if "query" in where else {}
        self.serial += 1
        body = self.envelope("BILL.PUSH", [bill(f"T{self.serial}")])
        return self.send(OPEN_API, body, headers=headers, params=params).json()

    def test_in_the_query_or_in_the_header(self):
        token = self.log_in()
        for where in ({"query": token}, {"header": token}, {"query": token, "header": token}):
            self.assertTrue(self.status(where)["success"], where)
        for where in ({}, {"query": "x"}, {"query": token, "header": "x"}):
            self.assertEqual(self.status(where)["errorCode"], "401", where)

    def test_expires_by_time_and_on_demand(self):
        for expire in (lambda: self.world.advance(hours=2), self.world.expire_tokens):
            self.token = None
            self.log_in()
            expire()
            answer = self.push(bill("A"))
            self.assertEqual((answer["errorCode"], answer["success"]), ("401", False))
            self.assertIn("access_token已过期", answer["message"])
        self.assertEqual(self.world.bills, {})

    def test_interface_not_authorised(self):
        self.world.set_interface("BILL.WITHDRAW", False)
        self.pushed(bill("A", autoInvoice="0"))
        answer = self.withdraw("A")
        self.assertEqual((answer["errorCode"], answer["message"]), ("403", "未进行接口授权:BILL.WITHDRAW"))
        self.world.set_interface("BILL.WITHDRAW", True)
        self.assertTrue(self.withdraw("A")["success"])


class TestTenants(KingdeeCase):
    def setUp(self):
        super().setUp()
        self.world.add_kingdee_tenant("other-account", "other-app", "other-secret", ["other"], [defaults.BUYER_TAX_NO])
