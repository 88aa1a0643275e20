"""The page that a browser opens: of the account's assistant, and nothing else."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import file_open

from ..clouds.kingdee.assistant.client import Assistant
from .common_pick import PickCommon

STRANGE = [
    "https://elsewhere.example/m4-web/fpzs/index?userKey=1",
    "javascript:alert(1)",
    "//elsewhere.example/",
    "data:text/html,hello",
    "",
]


@tagged("post_install", "-at_install")
class TestPickPage(PickCommon):
    def open(self):
        expense = self.expense()
        with self.engine():
            action = expense.action_fapiao_pick()
            pick = expense.env["fapiao.pick"].browse(action["params"]["pick_id"])
            try:
                return pick, pick.open_page()["page_url"]
            except UserError:
                # assertRaises would roll back what was committed apart
                self.env.invalidate_all()
                return pick, None

    def test_pages_of_others_are_not_handed_to_the_browser(self):
        for url in STRANGE:
            with self.subTest(url), patch.object(Assistant, "page", return_value=url):
                pick, opened = self.open()
                self.assertIsNone(opened)
                self.assertEqual(pick.sudo().state, "failed")
                self.assertFalse(pick.sudo().link_key)

    def test_pages_lie_where_the_account_says(self):
        _pick, opened = self.open()
        self.assertTrue(opened.startswith(self.sandbox.assistant_url))

    def test_plain_http_is_for_a_sandbox_alone(self):
        account = self.account
        url = self.sandbox.assistant_url + "/m4-web"
        account._check_page(url)
        self.env.cr.execute("UPDATE fapiao_account SET mode = 'production' WHERE id = %s", [account.id])
        account.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "not at the address"):
            account._check_page(url)

    def test_no_message_of_the_page_is_listened_to(self):
        with file_open("l10n_cn_invoice_cloud/static/src/expenses/pick_dialog.js") as file:
            source = file.read()
        self.assertNotIn("addEventListener", source)
        self.assertLess(source.index("window.opener = null"), source.index("window.location ="))
