"""What the cloud tells about a fapiao: detail, credit line, files."""

import base64
import io
import zipfile
from xml.etree import ElementTree as ET

from pypdf import PdfReader

from ..sandbox.render import qr
from .sandbox_case import SandboxCase, defaults, discount, line


class TestDetail(SandboxCase):
    def detail(self, **keys):
        return self.call("invoiceQueryMx", self.who(**keys))

    def test_shape_of_the_seed(self):
        gross = {"hsbz": "1", "spsl": "1", "dj": "1", "je": "1", "sl": "0.01", "se": "0.01"}
        fapiao = self.issue([line(**gross)])
        answer = self.detail(fphm=fapiao.number)
        self.assertEqual(list(answer), ["code", "msg", "message", "data", "total"])
        head = answer["data"]
        self.assertEqual(
            (head["hjje"], head["se"], head["jshj"], head["kce"], head["fpzt"]), ("0.99", "0.01", "1", "0", "00")
        )
        self.assertRegex(head["kprq"], r"^\d{14}$")
        self.assertRegex(head["dqsj"], r"^\d{4}-")
        row = head["zbmx"][0]
        self.assertEqual(
            [row[key] for key in ("je", "sl", "se", "spsl", "spdj", "hsje", "hsdj", "hsbz", "fpmxxh")],
            ["0.990000000000000000", "0.01", "0.01", 1, 0.990099009901, 1, 1, "0", "1"],
        )

    def test_by_number_or_request_id(self):
        fapiao = self.issue([line(fphxz="2"), discount()])
        by_number = self.detail(fphm=fapiao.number)["data"]
        by_id = self.detail(fpqqlsh=fapiao.request)["data"]
        self.assertEqual(by_number, by_id)
        self.assertEqual(by_id["fpqqlsh"], fapiao.request)
        self.assertEqual([row["fphxz"] for row in by_id["zbmx"]], ["2", "1"])
        self.assertIsNone(by_id["zbmx"][1]["spsl"])
        other = self.issue()
        self.assertIn("未查询到", self.detail(fphm=other.number, fpqqlsh=fapiao.request)["msg"])

    def test_issued_in_the_portal(self):
        """It is shown by number, without an id of any cloud."""
        fapiao = self.world.issue_elsewhere("100.00", special_kind="03", elements=[{"fwfsd": "上海市"}], payee="李四")
        head = self.detail(fphm=fapiao.number)["data"]
        self.assertEqual((head["fpqqlsh"], head["jshj"], head["skr"]), ("", "113", "李四"))
        self.assertEqual((head["tdyslxDm"], head["tdys"]), ("03", [{"fwfsd": "上海市"}]))
        self.assertEqual(len(head["zbmx"]), 1)

    def test_not_found(self):
        for keys in ({"fphm": "1" * 20}, {"fpqqlsh": defaults.TAX_NO + "_x"}):
            answer = self.detail(**keys)
            self.assertEqual((answer["code"], answer["data"]), (999, None))
            self.assertIn("未查询到", answer["msg"])
        self.assertIn("不能同时为空", self.detail()["msg"])

    def test_somebody_elses(self):
        self.world.add_taxpayer("91110000MA0FAKE175", "旁人", "third", "p")
        answer = self.call(
            "invoiceQueryMx", {"username": "third", "nsrsbh": "91110000MA0FAKE175", "fphm": self.issue().number}
        )
        self.assertIn("未查询到", answer["msg"])

    def test_the_buyer_is_shown_it_by_number_only(self):
        fapiao = self.issue()
        buyer = {"username": defaults.BUYER_USERNAME, "nsrsbh": defaults.BUYER_TAX_NO}
        found = self.call("invoiceQueryMx", {**buyer, "fphm": fapiao.number})["data"]
        self.assertEqual((found["fphm"], found["fpqqlsh"]), (fapiao.number, ""))
        for key in ({}, {"fphm": fapiao.number}):
            answer = self.call("invoiceQueryMx", {**buyer, **key, "fpqqlsh": fapiao.request})
            self.assertIn("未查询到", answer["msg"])


class TestCreditLine(SandboxCase):
    def test_shape_of_the_seed(self):
        self.issue([line(je="4854.37", se="145.63", sl="0.03", spsl="", dj="", yhzcbs="1", zzstsgl="简易征收")])
        answer = self.call("getCreditLine", self.who())
        self.assertEqual(
            answer,
            {
                "code": 200,
                "msg": "成功",
                "message": "成功",
                "total": 0,
                "data": {
                    "zsxed": "3000000.00",
                    "kjlpzs": "1",
                    "sysxed": "2995145.63",
                    "fpejse": "145.63",
                    "ysysxed": "4854.37",
                    "fphjje": "4854.37",
                },
            },
        )

    def test_set_from_outside(self):
        self.world.set_credit(defaults.TAX_NO, total="1000", used="999.5")
        data = self.call("getCreditLine", self.who())["data"]
        self.assertEqual((data["zsxed"], data["sysxed"], data["ysysxed"]), ("1000.00", "0.50", "999.50"))


class TestFiles(SandboxCase):
    def setUp(self):
        super().setUp()
        self.fapiao = self.issue(
            [line(fphxz="2"), discount(), line(spmc="*软件*" + "长名" * 40)],
            bz="备注文字",
            sfzsgmfyhzh="Y",
            ghdwyhzh="银行 1",
        )

    def ask(self, flag, **more):
        return self.call("getInvoicePdfOfd", self.who(fphm=self.fapiao.number, downflag=flag, **more))

    def file(self, flag, **more):
        answer = self.ask(flag, **more)
        self.assertEqual(list(answer), ["code", "msg", "data", "total"])
        return base64.b64decode(answer["data"])

    def only_xml(self):
        with zipfile.ZipFile(io.BytesIO(self.file("3"))) as archive:
            (name,) = archive.namelist()
            return archive.read(name)

    def test_pdf(self):
        plain, sealed = self.file("1"), self.file("1", addSeal="1")
        self.assertNotEqual(plain, sealed)
        text = PdfReader(io.BytesIO(plain)).pages[0].extract_text()
        for expected in (self.fapiao.number, "SANDBOX", defaults.BUYER_TAX_NO):
            self.assertIn(expected, text)

    def test_pdf_of_many_lines_has_many_pages(self):
        self.fapiao = self.issue([line() for _ in range(30)])
        reader = PdfReader(io.BytesIO(self.file("1")))
        self.assertEqual(len(reader.pages), 3)
        self.assertIn(self.fapiao.number, reader.pages[2].extract_text())

    def test_ofd(self):
        archive = zipfile.ZipFile(io.BytesIO(self.file("2")))
        self.assertIsNone(archive.testzip())
        for name in archive.namelist():
            ET.fromstring(archive.read(name))
        self.assertIn(self.fapiao.number, archive.read("Doc_0/Pages/Page_0/Content.xml").decode())
        self.assertIn("SANDBOX", archive.read("OFD.xml").decode())

    def test_xml(self):
        root = ET.fromstring(self.only_xml())
        self.assertEqual(root.tag, "EInvoice")
        found = {
            path: root.findtext(path)
            for path in (
                "TaxSupervisionInfo/InvoiceNumber",
                "EInvoiceData/BuyerInformation/BuyerIdNum",
                "EInvoiceData/BasicInformation/TotalAmWithoutTax",
                "EInvoiceData/BasicInformation/TotalTax-includedAmount",
            )
        }
        self.assertEqual(
            list(found.values()),
            [self.fapiao.number, defaults.BUYER_TAX_NO, f"{self.fapiao.net}", f"{self.fapiao.gross}"],
        )
        self.assertEqual(len(root.findall("EInvoiceData/IssuItemInformation")), 3)

    def test_addresses_serve_the_same_bytes(self):
        answer = self.ask("4")
        self.assertEqual(list(answer["data"]), ["pdfUrl", "ofdUrl", "xmlUrl"])
        for flag, key in (("1", "pdfUrl"), ("2", "ofdUrl"), ("3", "xmlUrl")):
            response = self.http.get(answer["data"][key], timeout=10)
            self.assertEqual(response.content, self.only_xml() if flag == "3" else self.file(flag))
        wrong = answer["data"]["pdfUrl"].replace("Jym=", "Jym=x")
        self.assertEqual(self.http.get(wrong, timeout=10).status_code, 404)

    def test_red_and_zero_rate_files(self):
        self.fapiao = self.issue([line(sl="0", se="0.00", lslbs="2")])
        red = self.call(
            "hzfpkj",
            {
                "username": defaults.USERNAME,
                "xhdwsbh": defaults.TAX_NO,
                "fpqqlsh": self.uid(),
                "yfphm": self.fapiao.number,
                "tzdbh": self.call(
                    "hzxxbsq",
                    {
                        "username": defaults.USERNAME,
                        "xhdwsbh": defaults.TAX_NO,
                        "chyydm": "01",
                        "yfphm": self.fapiao.number,
                        "sqyy": "2",
                    },
                )["data"]["xxbbh"],
            },
        )["data"]["fphm"]
        self.fapiao = self.world.fapiao[red]
        for flag in "123":
            self.assertTrue(self.file(flag))

    def test_refusals(self):
        self.assertIn("不合法", self.ask("5")["msg"])
        self.assertIn("yyyyMMddHHmmss", self.ask("1", kprq="2024-06-19 19:34:07")["msg"])
        self.assertIn("不一致", self.ask("1", kprq="20240619193407")["msg"])
        moment = f"{self.fapiao.issued_at:%Y%m%d%H%M%S}"
        self.assertEqual(self.ask("1", kprq=moment)["code"], 200)
        self.fapiao.number = "1" * 20
        self.assertIn("未查询到", self.ask("1")["msg"])


class TestPieces(SandboxCase):
    def test_qr_checksum(self):
        """The check value of docs/protocols/tax-rules.md#qr-code."""
        self.assertEqual(f"{qr.crc('01,32,,24312000000136634917,0.01,20240514,,'):04X}", "1DD6")
        self.assertRegex(qr.fapiao_text(self.issue(fplxdm="81")), r"^01,31,,\d{20},113\.00,\d{8},,[0-9A-F]{4}$")
