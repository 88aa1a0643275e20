"""The download of several fapiao's files."""

import io
import random
import tracemalloc
import zipfile
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from ..models.issuing import fapiao as fapiao_files
from .common import FapiaoCommon

# What a seller may put into a file that is called XML: a page with a script, a file of the server, and a bomb.
HOSTILE = b"""<?xml version="1.0"?>
<!DOCTYPE html [<!ENTITY file SYSTEM "file:///etc/passwd"><!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>
<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(document.domain)</script>&file;&e;</html>"""


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
        self.assertEqual(sorted(self.names(response)), [f"{fapiao.number}.{kind}" for kind in ("ofd", "pdf", "xml")])
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

    # ------------------------------------------------------------------ hostile files

    def received(self, **files):
        """Return a fapiao with these files (kind: bytes), as the engine keeps what a cloud sends."""
        fapiao = self.issued(fetch=False)
        fapiao.sudo()._keep_files(files, "")
        return fapiao

    def content(self, path):
        self.authenticate("bookkeeper", "bookkeeper")
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        return response

    def assert_not_run(self, response):
        """A browser shows this as text or saves it, whatever it finds inside."""
        mimetype = response.headers["Content-Type"].partition(";")[0]
        self.assertIn(mimetype, ("text/plain", "application/octet-stream"))
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])

    def test_no_browser_runs_a_file(self):
        fapiao = self.received(xml=HOSTILE, ofd=HOSTILE, pdf=HOSTILE)
        for file in (fapiao.xml_id, fapiao.ofd_id):
            for path in (
                f"/web/content/{file.id}",
                f"/web/content/{file.id}?download=1",
                f"/web/content/{file.id}?mimetype=text/html",
                f"/web/content/{file.id}/page.html",
                f"/web/content/{file.id}?mimetype=application/xhtml%2Bxml&filename=page.xhtml",
                f"/web/content/fapiao/{fapiao.id}/xml_id?mimetype=text/html",
            ):
                if "/fapiao/" in path:
                    self.authenticate("bookkeeper", "bookkeeper")
                    self.assertEqual(self.url_open(path).status_code, 404)
                    continue
                with self.subTest(path):
                    response = self.content(path)
                    self.assert_not_run(response)
                    self.assertEqual(response.content, HOSTILE)
        shown = self.content(f"/web/content/{fapiao.pdf_id.id}?mimetype=text/html")
        self.assertEqual(shown.headers["Content-Type"], "application/pdf")

    def test_copies_are_not_run_either(self):
        fapiao = self.received(xml=HOSTILE)
        bill = self.env["account.move"].create({"move_type": "in_invoice", "company_id": self.company.id})
        bill._fapiao_pick_files(fapiao.xml_id)
        copy = self.env["ir.attachment"].search([("res_model", "=", "account.move"), ("res_id", "=", bill.id)])
        self.assert_not_run(self.content(f"/web/content/{copy.id}"))

    def test_xml_is_never_read(self):
        """No entity is resolved: what arrives is what is kept, in the zip too."""
        fapiao = self.received(xml=HOSTILE)
        self.assertEqual(fapiao.xml_id.raw, HOSTILE)
        packed = zipfile.ZipFile(io.BytesIO(self.get(fapiao.id).content))
        self.assertEqual(packed.read(f"{fapiao.number}.xml"), HOSTILE)
        self.assertNotIn("root:", fapiao.xml_id.index_content or "")

    # ------------------------------------------------------------------ large downloads

    def test_one_file_at_a_time_in_memory(self):
        noise = random.Random(1)
        fapiao = self.issued(fetch=False)
        size, count = 2**21, 24
        copies = fapiao.browse([fapiao.id, *(fapiao.sudo().copy({"number": f"{n:020}"}).id for n in range(1, count))])
        for one in copies:
            one.sudo()._keep_files({"pdf": noise.randbytes(size)}, "")
        self.env.flush_all()
        self.env.invalidate_all()
        self.authenticate("bookkeeper", "bookkeeper")
        ids = ",".join(map(str, copies.ids))
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        response = self.opener.get(f"{self.base_url()}/invoice_cloud/files?ids={ids}", timeout=60, stream=True)
        received = sum(map(len, response.iter_content(2**16)))
        _now, peak = tracemalloc.get_traced_memory()
        self.assertEqual(response.status_code, 200)
        self.assertGreater(received, size * count)
        self.assertLess(peak, size * count * 0.75)

    def test_limits_name_the_cure(self):
        fapiao = self.issued(2)
        with patch.object(fapiao_files, "MOST_BYTES_IN_ZIP", 1):
            response = self.get(",".join(map(str, fapiao.ids)))
            with self.assertRaisesRegex(UserError, "choose fewer"):
                fapiao.action_download()
        self.assertEqual(response.status_code, 413)
        self.assertIn("choose fewer", response.text)
        with (
            patch.object(fapiao_files, "MOST_IN_ZIP", 1),
            self.assertRaisesRegex(UserError, "2 fapiao are too many .* up to 1"),
        ):
            fapiao.action_download()

    def test_names_are_clean(self):
        fapiao = self.issued()
        for file, name in zip(
            (fapiao.pdf_id, fapiao.ofd_id, fapiao.xml_id), ("../../x.pdf", "/etc/x.pdf", "\u202eCON"), strict=True
        ):
            file.sudo().name = name
        self.assertEqual(sorted(self.names(self.get(fapiao.id))), ["_.._x.pdf", "_CON", "_etc_x.pdf"])
        fapiao.sudo()._files().name = "x.pdf"
        self.assertEqual(sorted(self.names(self.get(fapiao.id))), ["x (2).pdf", "x (3).pdf", "x.pdf"])

    def test_name_of_a_file_from_the_cloud(self):
        fapiao = self.issued(fetch=False)
        self.env.cr.execute("UPDATE fapiao SET number = '../..\\x' WHERE id = %s", [fapiao.id])
        self.env.invalidate_all()
        fapiao.sudo()._keep_files({"pdf": b"%PDF-1.4"}, "")
        self.assertEqual(fapiao.pdf_id.name, "_.._x.pdf")
