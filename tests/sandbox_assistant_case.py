"""What the tests of the sandbox's 金蝶发票助手 share: raw calls, signed by hand, and a document to save."""

import hashlib
import json
import time

from .sandbox_case import SandboxCase, defaults

CLIENT = defaults.ASSISTANT_CLIENT_ID
EID = "eid-1"
EXPENSE = "/m4/fpzs/expense/"
WHOSE = {"tin": defaults.TAX_NO, "eid": EID}


def signed(secret=defaults.ASSISTANT_CLIENT_SECRET, moment=None, **body):
    stamp = str(round((time.time() if moment is None else moment) * 1000))
    sign = hashlib.md5(f"{CLIENT}{secret}{stamp}".encode()).hexdigest()
    return {"client_id": CLIENT, "timestamp": stamp, "sign": sign, **body}


class AssistantCase(SandboxCase):
    def setUp(self):
        super().setUp()
        self.world.set("assistant", poll_seconds=0)

    # --- raw calls ---

    def ask(self, path, body):
        response = self.http.post(self.server.assistant_url + path, json=body, timeout=10)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def good(self, path, body):
        answer = self.ask(path, body)
        self.assertEqual(answer["errcode"], "0000", answer)
        return answer

    def refused(self, path, body, text, code="3000"):
        answer = self.ask(path, body)
        self.assertEqual(answer["errcode"], code, answer)
        self.assertIn(text, answer["description"])
        return answer

    def look(self, path, **query):
        return self.http.get(self.server.assistant_url + path, params=query, timeout=10)

    # --- keys ---

    def access_token(self):
        self.token = self.token or self.good("/base/oauth/token", signed())["access_token"]
        return self.token

    def link_key(self):
        return self.http.post(self.server.assistant_url + "/m4/fpzs/getLinkKey", timeout=10).json()["data"]

    def user_key_body(self, **changes):
        body = {
            **WHOSE,
            "ghf_mc": defaults.NAME,
            "billNumber": "BX-1",
            "bxd_key": "K1",
            "random": "r1",
            "ticketParam": "00000",
            "billType": "",
            **changes,
        }
        return signed(**{key: value for key, value in body.items() if value is not None})

    def user_key(self, **changes):
        return self.good("/m4/fpzs/getUserKey", self.user_key_body(**changes))["data"]["userKey"]

    # --- tickets and documents ---

    def ticket(self, kind="1", **fields):
        return self.world.give_ticket(EID, kind, **fields).serial

    def told(self, *serials):
        return self.good(EXPENSE + "invoice/detail/query", signed(fid=",".join(serials)))["data"]

    def document(self, **changes):
        body = {**WHOSE, "billTypeId": "expense", "billnumber": "BX-1", "bxd_key": "K1", **changes}
        return signed(**{key: value for key, value in body.items() if value is not None})

    def saved(self, *serials, **changes):
        lines = [{"entryid": "L1", "fid": list(serials)}]
        return self.good(EXPENSE + "entry/save", self.document(data=lines, **changes))

    def status(self, status, **changes):
        return self.ask(EXPENSE + "invoice/status/update", self.document(expenseStatus=status, **changes))

    def states(self, *serials):
        return [self.world.assistant_ticket(serial).status for serial in serials]

    # --- messages ---

    def poll(self, key):
        return self.look("/polling/fpzs/invoice/data/v2", access_token=self.access_token(), key=key).json()

    def message(self, key):
        """The message a poll brings: its id, its type, its data."""
        answer = self.poll(key)
        self.assertEqual(answer["errcode"], "0000", answer)
        content = json.loads(answer["data"]["data"])
        return answer["data"]["msgId"], content["type"], content["data"]

    def receipt(self, key, uid):
        return self.look("/polling/fpzs/portal/receipt", access_token=self.access_token(), key=key, msgId=uid).json()

    # --- pages ---

    def page(self, path, status=200, **query):
        response = self.look("/m4-web/fpzs/" + path, **query)
        self.assertEqual(response.status_code, status, response.text)
        return response.text

    def press(self, path, form, status=200, **query):
        response = self.http.post(
            f"{self.server.assistant_url}/m4-web/fpzs/{path}", params=query, data=form, timeout=10
        )
        self.assertEqual(response.status_code, status, response.text)
        return response.text
