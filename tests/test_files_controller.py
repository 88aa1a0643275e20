"""The download of several fapiao's files."""

import io
import zipfile

from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import FapiaoCommon


@tagged("post_install", "-at_install")
class TestFilesController(FapiaoCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_ids = [Command.set(cls.company.ids)]
        cls.bookkeeper = cls._create_reader("bookkeeper", "account.group_account_invoice")
        cls.outsider = cls._create_reader("outsider", "base.group_user")

    @classmethod
    def _create_reader(cls, login, group):
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": login,
                "password": login,
                "group_ids": [Command.set(cls.env.ref(group).ids)],
                "company_id": cls.company.id,
                "company_ids": cls.company_ids,
            }
        )

    def issued(self, count=1, fetch=True):
        invoices = self.env["account.move"].union(*[self.create_invoice() for _n in range(count)])
        for invoice in invoices:
            self.issue(invoice)
        if fetch:
            with self.engine():
                invoices.fapiao_ids.action_fetch_files()
        return invoices.fapiao_ids

    def get(self, ids, login="bookkeeper"):
        self.authenticate(login, login)
        return self.url_open(f"/invoice_cloud/files?ids={ids}")

    def names(self, response):
        return zipfile.ZipFile(io.BytesIO(response.content)).namelist()

    def test_one_fapiao(self):
        fapiao = self.issued()
        response = self.get(fapiao.id)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Content-Type"], "application/zip")
        self.assertIn(f"{fapiao.number}.zip", response.headers["Content-Disposition"])
        self.assertEqual(int(response.headers["Content-Length"]), len(response.content))
        self.assertEqual(
            sorted(self.names(response)), [f"{fapiao.number}.{kind}" for kind in ("ofd", "pdf", "xml")]
        )
        packed = zipfile.ZipFile(io.BytesIO(response.content))
        self.assertEqual(packed.read(f"{fapiao.number}.pdf"), fapiao.pdf_id.raw)

    def test_several_fapiao(self):
        fapiao = self.issued(2)
        ids = ",".join(str(id_) for id_ in [*fapiao.ids, fapiao.ids[0]])
        response = self.get(ids)
        self.assertEqual(len(self.names(response)), 6)
        self.assertRegex(response.headers["Content-Disposition"], r"fapiao-\d{4}-\d\d-\d\d-2\.zip")

    def test_button_leads_here(self):
        fapiao = self.issued()
        with self.engine():
            action = fapiao.action_download()
        self.authenticate("bookkeeper", "bookkeeper")
        self.assertEqual(len(self.names(self.url_open(action["url"]))), 3)

    def test_bad_ids(self):
        many = ",".join(str(number) for number in range(1, 502))
        for ids in (
            "",
            "x",
            "1,",
            ",1",
            "1;2",
            "0",
            "-1",
            "1.5",
            "99999999999",
            "4294967296",
            many,
            "%00",
            "1%20OR%201",
        ):
            with self.subTest(ids[:20]):
                self.assertEqual(self.get(ids).status_code, 400)

    def test_absent_and_forbidden_look_alike(self):
        fapiao = self.issued()
        absent = self.get(2**31 - 1)
        forbidden = self.get(fapiao.id, login="outsider")
        self.assertEqual((absent.status_code, forbidden.status_code), (404, 404))
        self.assertEqual(absent.text, forbidden.text)
        self.assertEqual(self.get(f"{fapiao.id},{2**31 - 1}").status_code, 404)

    def test_company_rules_hold(self):
        fapiao = self.issued()
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.bookkeeper.write({"company_ids": [Command.set(elsewhere.ids)], "company_id": elsewhere.id})
        self.assertEqual(self.get(fapiao.id).status_code, 404)

    def test_no_files_yet(self):
        fapiao = self.issued(fetch=False)
        response = self.get(fapiao.id)
        self.assertEqual(response.status_code, 404)
        self.assertIn("not here yet", response.text)

    def test_login_is_needed(self):
        self.authenticate(None, None)
        response = self.url_open("/invoice_cloud/files?ids=1", allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])
