"""Unknown answers: counted on the account, classified by an administrator, believed from then on."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..clouds.errors import OutcomeUnknown, Rejected
from .common import FapiaoCommon
from .common_kingdee import KingdeeCommon
from .test_clouds_classes import ISSUED_TEXTS, OPEN_TEXTS

TEXT = "开票失败,原因编号"


@tagged("post_install", "-at_install")
class TestAnswerText(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "answer_manager",
            groups="base.group_user,l10n_cn_invoice_cloud.group_fapiao_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.administrator = new_test_user(
            cls.env,
            "answer_admin",
            groups="base.group_system,l10n_cn_invoice_cloud.group_fapiao_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def _answered(self, text, when="before"):
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "refused", when=when, text=text)
        self.issue(invoice)
        return invoice.fapiao_request_ids

    def _texts(self):
        return self.env["fapiao.answer.text"].search([("account_id", "=", self.account.id)])

    def _row(self, text=TEXT + "7"):
        self._answered(text)
        return self._texts()

    def test_the_same_words_are_counted_once_an_answer(self):
        for number in (17, 4):
            request = self._answered(f"{TEXT}{number}")
            self.assertEqual(request.state, "unknown", "an unknown text leaves the outcome open")
            self.assertIn("not known yet", request.error_message)
        self._answered("另一个说法")
        self._answered("授信额度不足")
        rows = self._texts().sorted("id")
        self.assertEqual(rows.mapped("text"), ["开票失败,原因编号#", "另一个说法"])
        self.assertEqual(rows.mapped("count"), [2, 1])
        self.assertEqual(set(rows.mapped("code")), {"999"})
        self.assertEqual(rows.company_id, self.company)
        self.assertEqual(set(rows.mapped("operation")), {"issue"})
        self.assertFalse(any(rows.mapped("meaning")))

    def test_only_an_administrator_classifies(self):
        row = self._row()
        self.assertEqual(row.with_user(self.manager).text, "开票失败,原因编号#", "a manager sees it")
        with self.assertRaises(AccessError):
            row.with_user(self.manager).write({"meaning": "refused"})
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            self.account.with_user(self.manager).write({"answer_text_ids": [(1, row.id, {"meaning": "refused"})]})
        row.with_user(self.administrator).write({"meaning": "open"})
        self.assertEqual(row.classified_by_id, self.administrator)
        self.assertTrue(row.classified_at)
        for values in ({"count": 1}, {"text": "x"}, {"meaning": "refused", "code": "1"}):
            with self.assertRaises(AccessError):
                row.with_user(self.administrator).write(values)
        for user in (self.manager, self.administrator):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
                row.with_user(user).unlink()
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
                row.with_user(user).create({"account_id": self.account.id, "text": "x"})
        row.with_user(self.administrator).write({"meaning": False})
        self.assertFalse(row.classified_by_id)

    def test_the_rights_hold_though_the_access_row_is_widened(self):
        row = self._row()
        access = self.env.ref("l10n_cn_invoice_cloud.access_fapiao_answer_text_manager")
        access.perm_write = True
        self.env.registry.clear_cache()
        with self.assertRaises(AccessError):
            row.with_user(self.manager).write({"meaning": "refused"})

    def test_it_takes_effect_on_the_next_answer(self):
        before = self._answered(TEXT + "7")
        self._texts().with_user(self.administrator).meaning = "refused"
        after = self._answered(TEXT + "8")
        self.assertEqual(after.state, "rejected")
        self.assertIn("administrator", after.error_message)
        self.assertEqual(before.state, "unknown", "asked by its id as before")
        self._texts().with_user(self.administrator).meaning = "login"
        self.assertEqual(self._answered(TEXT + "9").state, "waiting_login")

    def test_throttled_and_open(self):
        row = self._row()
        row.with_user(self.administrator).meaning = "throttled"
        self.assertEqual(self._answered(TEXT + "8").state, "queued")
        row.with_user(self.administrator).meaning = "open"
        self.assertEqual(self._answered(TEXT + "9").state, "unknown")
        self.assertEqual(row.count, 1, "it is known now")

    def test_a_marker_is_never_beaten(self):
        row = self._row()
        row.sudo().write({"text": "解析返回数据异常", "meaning": "refused"})
        self.assertEqual(self._answered("解析返回数据异常").state, "unknown")

    def test_an_answer_without_words_is_never_a_refusal(self):
        row = self._row("")
        self.assertFalse(row.text)
        with self.assertRaises(ValidationError):
            row.with_user(self.administrator).meaning = "refused"
        row.with_user(self.administrator).meaning = "open"

    def test_what_is_known_is_not_counted(self):
        note = self.env["fapiao.answer.text"]._note
        note(self.account, "issue", OutcomeUnknown("x", "1"))
        note(self.account, "issue", Rejected("x", "1", problem="rate"))
        note(self.account, "issue", object())
        self.assertFalse(self._texts())
        for _time in range(3):
            note(self.account, "issue", OutcomeUnknown("x", "1", is_unclassified=True))
        self.assertEqual(self._texts().count, 3)

    def test_another_account_is_counted_and_classified_apart(self):
        row = self._row()
        row.with_user(self.administrator).meaning = "refused"
        other = self._create_fapiao_account(tax_username="another")
        self.assertEqual(len(self.account._classified_texts()), 1)
        self.assertFalse(other._classified_texts())

    def test_no_text_of_doubt_makes_a_second_fapiao(self):
        """The bureau issues, the cloud says that it failed: the fapiao is found, no other order goes out."""
        for text in (*ISSUED_TEXTS, *OPEN_TEXTS, "开票失败", "请稍后查询"):
            with self.subTest(text=text):
                request = self._answered(text, when="after")
                self.assertEqual(request.state, "unknown")
                self.make_due(request)
                self.run_cron("_cron_reconcile")
                self.assert_one_fapiao(request.move_ids)


@tagged("post_install", "-at_install")
class TestAnswerTextKingdee(KingdeeCommon):
    def test_no_text_of_doubt_makes_a_second_fapiao(self):
        for text in (*ISSUED_TEXTS, *OPEN_TEXTS, "推单失败"):
            with self.subTest(text=text):
                invoice = self.create_invoice()
                self.world.faults.add("BILL.PUSH", "refused", when="after", text=text)
                self.issue(invoice)
                request = invoice.fapiao_request_ids
                self.assertEqual(request.state, "unknown")
                self.ask(request)
                self.assert_issued(request)
