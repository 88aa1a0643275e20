"""Mixin ``fapiao.document.mixin``: common to invoices and sale orders. Computes, buttons, messages of
problems.

Needs the relations ``fapiao_request_ids`` and ``fapiao_ids``.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...rules.elements import PARKING, chosen
from ...rules.names import clean
from ...rules.problems import Term
from ..cloud import gate
from ..cloud.fapiao_task_mixin import OPEN_STATES
from ..master.fapiao_element import CHOICES
from ..values import LIVING, in_document_language
from .fapiao_request import REQUEST_STATES

ASKED = dict(CHOICES)  # elements that have something to say
CHOICES = {"fapiao_account_id", "fapiao_drawer"}
SEPARATOR = "；"  # between the parts of a remark
FAPIAO_STATES = [
    ("none", "None"),
    ("to_issue", "To issue"),
    ("pending", "In progress"),
    ("partial", "Partly issued"),
    ("issued", "Issued"),
    ("red", "Reversed"),
    ("failed", "Failed"),
]
# By problem code; other problems are fixed on the invoice.
BUYER = {
    "same_party",
    "name_missing",
    "name_too_long",
    "contact_too_long",
    "bank_too_long",
    "buyer_tax_no_missing",
    "buyer_tax_no_absent",
    "tax_no_malformed",
    "tax_no_doubtful",
    "person_special",
    "person_name_short",
    "person_sole_trader",
    "person_business_name",
    "bank_half",
}
PRODUCT = {
    *("item_name_missing", "item_name_too_long", "code_missing", "code_malformed", "code_summary"),
    *("coal_kind_missing", "coal_kind_needless", "element_vin", "element_parking_name"),
    *("code_ended", "code_not_begun", "privilege_not_of_code", "spec_too_long"),
}
UNIT = {"unit_too_long"}
TAX_CODE = {"short_name_missing"}
TAX = {
    *("rate_historic", "rate_unknown", "zero_kind_missing", "zero_kind_needless", "small_scale_rate"),
    *("rate_not_of_code", "privilege_missing", "privilege_unknown", "privilege_rate"),
}
ACCOUNT = {
    *("credit_low", "seller_tax_no_missing", "account_archived", "small_scale_reason_missing"),
    *("registered_name_differs", "levy_unsupported"),
}
COMPANY = {"no_account", "company_currency", "drawer_missing", "split_limit", "split_too_many"}
SELLER = {
    "seller_address_missing",
    "seller_bank_missing",
    "company_tax_no_missing",
    "company_tax_no_differs",
}


class FapiaoDocumentMixin(models.AbstractModel):
    _name = "fapiao.document.mixin"
    _description = "Document that fapiao are issued for"

    fapiao_state = fields.Selection(
        FAPIAO_STATES,
        "Fapiao Status",
        compute="_compute_fapiao_state",
        store=True,
        index="btree_not_null",
        copy=False,
    )
    fapiao_numbers = fields.Char(compute="_compute_fapiao_state", store=True, copy=False)
    fapiao_account_id = fields.Many2one(
        "fapiao.account",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        domain="[('company_id', 'parent_of', company_id)]",
        help="Through which the fapiao is issued. Empty: the account of the journal, of the sales team, of the"
        " salesperson or of the company, the first that is set.",
    )
    fapiao_account_used_id = fields.Many2one(
        "fapiao.account", "Issued Through", compute="_compute_fapiao_account_used_id", compute_sudo=True
    )
    fapiao_drawer = fields.Char(
        "Drawer",
        help="Printed as 开票人. Empty: the drawer of the account, else that of the company, else who issues.",
    )
    fapiao_currency_id = fields.Many2one("res.currency", "Currency of Fapiao", compute="_compute_fapiao_currency_id")
    fapiao_amount_open = fields.Monetary(
        "Amount Without Fapiao",
        compute="_compute_fapiao_state",
        store=True,
        currency_field="fapiao_currency_id",
        copy=False,
    )
    # compute_sudo: salespeople see their documents, but neither fapiao nor requests
    fapiao_count = fields.Integer(compute="_compute_fapiao_count", compute_sudo=True)
    fapiao_message = fields.Text(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_request_state = fields.Selection(
        REQUEST_STATES, "Last Fapiao Request", compute="_compute_fapiao_offers", compute_sudo=True
    )
    fapiao_waits_for_login = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)
    fapiao_can_withdraw = fields.Boolean(compute="_compute_fapiao_offers", compute_sudo=True)

    # ------------------------------------------------------------------ hooks of concrete models

    def _compute_fapiao_state(self):
        """Set status, numbers and open amount; depends on the source of the model's amounts."""
        raise NotImplementedError

    def _fapiao_red_forms(self):
        """Return the red forms of these documents."""
        raise NotImplementedError

    def _fapiao_line_of(self, problem):
        """Return the line of this document that ``problem`` is about, or none."""
        raise NotImplementedError

    def _fapiao_buyer(self):
        """Return the partner to whom the fapiao is issued."""
        raise NotImplementedError

    def _fapiao_default_accounts(self):
        """Return the accounts that stand for this document where none is chosen, the first set one first."""
        return [self._fapiao_salesperson().with_company(self.company_id).fapiao_account_id]

    def _fapiao_remark_text(self):
        """Return the remark as printed, without notes."""
        raise NotImplementedError

    def _fapiao_lines(self):
        """Return the lines of this document, sections and notes among them."""
        raise NotImplementedError

    def _fapiao_salesperson(self):
        """Return the user who sells what this document is about."""
        raise NotImplementedError

    def _fapiao_products(self):
        """Return the products sold by this document."""
        raise NotImplementedError

    def _fapiao_delivered_to(self):
        """Return the partner at whose address the service is rendered."""
        raise NotImplementedError

    def _fapiao_element_sources(self):
        """Return the details of special elements that this document takes over, before those of its products."""
        return self.env["fapiao.element"]

    # ------------------------------------------------------------------ special elements

    def _fapiao_details(self):
        """Return what this document says of its special elements: rows by element, as ``rules.elements`` has them.

        Where it has no details of an element that its lines need, the proposed ones count.
        """
        self.ensure_one()
        # sudo: who issues a document may read what it says
        document = self.sudo()
        proposed = map(document.env["fapiao.element"].new, document._fapiao_missing_elements())
        return {one.element: one._details() for one in (*document.fapiao_element_ids, *proposed)}

    def _fapiao_missing_elements(self):
        """Return create values for the special elements that the lines need and this document has no details of."""
        self.ensure_one()
        products, values = self._fapiao_products(), []
        known = set(self.fapiao_element_ids.mapped("element"))
        for product, code in products._fapiao_code().items():
            offered = self._fapiao_element_sources() | product.fapiao_element_ids
            element = chosen(code.code, offered.mapped("element"))
            if element in ASKED and element not in known:
                known.add(element)
                source = offered.filtered(lambda one, element=element: one.element == element)[:1]
                own = source._copy_values() if source else {"element": element}
                place = self._fapiao_place() if element == "03" else {}
                own |= {"is_parking": True} if code.code == PARKING else {}
                values.append({**place, **{name: value for name, value in own.items() if value or name not in place}})
        return values

    def _fapiao_place(self):
        """Return the place of the customer's delivery address, as the bureau names it."""
        partner = in_document_language(self._fapiao_delivered_to())
        return {
            "province": partner.state_id.name,
            "city": partner.city,
            "address": " ".join(filter(None, (partner.street, partner.street2))),
        }

    def _fapiao_fill_elements(self):
        """Propose the details of special elements on documents that need them and have none."""
        # sudo: proposed by the flow, whatever the user may write
        elements = self.env["fapiao.element"].sudo()
        elements.create(
            [
                {**values, elements._owner_field(document): document.id}
                for document in self.sudo()
                if document.company_id.account_fiscal_country_id.code == "CN"
                for values in document._fapiao_missing_elements()
            ]
        )

    # ------------------------------------------------------------------ remark

    def _fapiao_notes(self):
        """Return the notes among the lines, in their order."""
        notes = self._fapiao_lines().filtered(lambda line: line.display_type == "line_note")
        return list(filter(None, map(clean, notes.sorted(lambda line: (line.sequence, line.id)).mapped("name"))))

    def _fapiao_remarks(self, with_notes=None):
        """Return what the remark of a fapiao for these documents consists of, without duplicates; ``with_notes``: None
        for what the company has chosen.
        """
        texts = []
        for document in self:
            taken = document.company_id.fapiao_notes == "always" if with_notes is None else with_notes
            own = [document._fapiao_remark_text(), *(document._fapiao_notes() if taken else [])]
            texts.append(SEPARATOR.join(dict.fromkeys(filter(None, own))))
        return list(dict.fromkeys(filter(None, texts)))

    # ------------------------------------------------------------------ account and drawer

    def _fapiao_account(self):
        """Return the account through which this document is issued, or none: the chosen one, a default, or the
        company's; where it was replaced by one of the same taxpayer, that one.
        """
        # sudo: users who see a document may lack access to accounts
        document = self.sudo()
        company = document.company_id
        account = document.fapiao_account_id
        if not account and document:
            own = (one for one in document._fapiao_default_accounts() if one.company_id in company._fapiao_lineage())
            account = next((one for one in own if one), company._fapiao_own_account())
        return account._in_charge().sudo(self.env.su)

    def _fapiao_drawer_text(self):
        """Return the drawer who is set for this document, or "": then whoever issues it."""
        # sudo: as in _fapiao_account
        account = self._fapiao_account().sudo()
        return self.fapiao_drawer or account.drawer or self.company_id._fapiao_setting("fapiao_drawer") or ""

    @api.depends("fapiao_account_id", "company_id")
    def _compute_fapiao_account_used_id(self):
        for document in self:
            document.fapiao_account_used_id = document._fapiao_account()

    def _fapiao_check_choice(self, vals):
        """Refuse another account or drawer than the one under which something is on its way or issued.

        Reads requests and their lines, which no user can write. An ended request of another account is asked about
        there before anything goes out through this one (docs/guarantees.md).
        """
        for name in CHOICES & vals.keys():
            for document in self:
                before = document._fields[name].convert_to_write(document[name], document)
                if (vals[name] or False) != (before or False) and (bound := document._fapiao_binds_choice()):
                    raise UserError(
                        self.env._(
                            "“%(field)s” of %(document)s can't be changed: request %(request)s is on its way or issued."
                            " Withdraw it as long as nothing is sent; what is not sent yet can be moved to another"
                            " account from the request.",
                            field=document._fields[name]._description_string(self.env),
                            document=document.display_name,
                            request=bound[0].display_name,
                        )
                    )

    def _fapiao_binds_choice(self):
        """Return the requests of this document that are open, or issued where nothing is left to issue."""
        # sudo: the protection is the same for every user
        document = self.sudo()
        requests = document.fapiao_request_ids
        open_ones = requests.filtered(lambda request: request.state in OPEN_STATES)
        if open_ones or document.fapiao_state != "issued":
            return open_ones
        return requests.filtered(lambda request: request.state == "issued")

    # ------------------------------------------------------------------ computes

    @api.depends("company_id")
    def _compute_fapiao_currency_id(self):
        for document in self:
            document.fapiao_currency_id = document.company_id.currency_id

    @api.depends("fapiao_ids")
    def _compute_fapiao_count(self):
        for document in self:
            document.fapiao_count = len(document.fapiao_ids)

    @api.depends(
        "fapiao_state",
        "fapiao_request_ids.state",
        "fapiao_request_ids.in_doubt",
        "fapiao_request_ids.cloud_state",
        "fapiao_request_ids.error_message",
        "fapiao_request_ids.error_fix",
        "fapiao_request_ids.is_double",
    )
    @api.depends_context("uid")
    def _compute_fapiao_offers(self):
        """Offer what the open tasks need. The message says that two fapiao cover this document, or else what the last
        request without a fapiao says. Models add the states of their red forms to what it depends on.
        """
        is_employee = self.env.user._is_internal()  # portal customers read their documents too
        for document in self:
            last, open_ones = document._fapiao_last_request(), document._fapiao_open_tasks()
            said = last._status_lines() if last.state not in ("issued", "withdrawn") else []
            said = document.fapiao_request_ids.filtered("is_double")._double_message() or said
            document.fapiao_message = is_employee and "\n".join(said) or False
            document.fapiao_request_state = is_employee and last.state
            document.fapiao_waits_for_login = any(record.state == "waiting_login" for record in open_ones)
            document.fapiao_can_withdraw = bool(open_ones) and all(record._can_be_given_up() for record in open_ones)

    def _fapiao_state_from(self, facts, is_credited=False, is_due=True):
        """Return the state that follows from requests, red forms, the fapiao ``facts`` and the open amount.

        ``is_credited``: in full, before any fapiao was issued. ``is_due``: something is left to issue.
        """
        self.ensure_one()
        if self._fapiao_is_going():
            return "pending"
        if any(fapiao._is_living() for fapiao in facts):
            is_open = self.company_id.currency_id.compare_amounts(self.fapiao_amount_open, 0) > 0
            return "partial" if is_open else "issued"
        if facts:
            return "red"
        if is_credited:
            return "none"
        if "rejected" in self.fapiao_request_ids.mapped("state"):
            return "failed"
        # only where there are fapiao: a database can hold companies of other countries
        return "to_issue" if is_due and self.company_id.account_fiscal_country_id.code == "CN" else "none"

    # ------------------------------------------------------------------ actions

    def action_fapiao_withdraw(self):
        """Withdraw the requests and red forms of these documents that have not been sent."""
        gate.check(self, gate.ISSUER, "write")
        requests = self.fapiao_request_ids.filtered(lambda request: request.state in OPEN_STATES)
        forms = self._fapiao_red_forms().filtered(lambda form: form.state in OPEN_STATES)
        if not (requests or forms):
            raise UserError(self.env._("There is no request to withdraw."))
        return forms.action_withdraw() and requests.action_withdraw()

    def action_fapiao_refresh(self):
        """Update requests, red forms and fapiao of these documents from the cloud."""
        gate.check(self, gate.ISSUER)
        if forms := self._fapiao_red_forms().filtered("is_open"):
            return forms.action_ask()
        if requests := self.fapiao_request_ids.filtered(lambda request: request.state in OPEN_STATES):
            return requests.action_retry()
        if not self.fapiao_ids:
            raise UserError(self.env._("There is neither a request nor a fapiao to refresh."))
        self.fapiao_ids.action_refresh()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_fapiao_files(self):
        """Download the files of these documents' fapiao in one zip."""
        gate.check(self, gate.READER)
        if not self.fapiao_ids:
            raise UserError(self.env._("There is no fapiao yet, so there are no files."))
        return self.fapiao_ids.action_download()

    def action_fapiao_send_again(self):
        """Open the dialog that sends the valid fapiao of these documents to the buyer by mail."""
        gate.check(self, gate.ISSUER)
        fapiao = self.fapiao_ids.filtered(lambda one: one.status in LIVING)
        if not fapiao:
            raise UserError(self.env._("There is no fapiao yet that could be sent."))
        return fapiao.action_send_again()

    def action_fapiao_open(self):
        """Open the fapiao of this document."""
        gate.check(self, gate.READER)
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_cn_invoice_cloud.action_fapiao_out")
        if len(self.fapiao_ids) == 1:
            return {**action, "views": [(False, "form")], "res_id": self.fapiao_ids.id, "domain": []}
        return {**action, "domain": [("id", "in", self.fapiao_ids.ids)], "context": {}}

    def action_fapiao_login(self):
        """Open what these documents wait for: log-in, face code or account."""
        gate.check(self, gate.ISSUER)
        waiting = [record for record in self._fapiao_open_tasks() if record.state == "waiting_login"]
        if not waiting:
            raise UserError(self.env._("Nothing here is waiting for a log-in."))
        return waiting[0].action_login()

    def action_fapiao_requests(self):
        """Open the last fapiao request of this document."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return self._fapiao_last_request()._get_records_action()

    # ------------------------------------------------------------------ helpers

    def _fapiao_open_tasks(self):
        """Return the open requests and red forms, as a list."""
        return [
            record
            for records in (self._fapiao_red_forms(), self.fapiao_request_ids)
            for record in records
            if record.state in OPEN_STATES
        ]

    def _fapiao_last_request(self):
        """Return the last request; while a fapiao is missing, the last one without, which needs a look."""
        requests = self.fapiao_request_ids.sorted("id")
        if self.fapiao_state not in ("pending", "partial"):
            return requests[-1:]
        missing = requests.filtered(lambda request: request.state not in ("issued", "withdrawn"))
        return (missing or requests)[-1:]

    def _fapiao_is_going(self):
        """Return whether a task is on its way: issuing, reversing, or what follows a reversal."""
        return bool(
            set(self.fapiao_request_ids.mapped("state")) & set(OPEN_STATES)
            or any(form.is_open or form.follow_up == "todo" for form in self._fapiao_red_forms())
        )

    def _fapiao_default_type(self):
        return self._fapiao_buyer().fapiao_type or self.company_id.fapiao_default_type or "ordinary"

    def _fapiao_create(self, built):
        """Create and queue the requests of ``built``; nothing is sent yet."""
        # sudo: only this flow creates requests
        requests = self.env["fapiao.request"].sudo()._create_blue(built)
        requests._enqueue()
        return requests.sudo(False)

    def _fapiao_describe(self, problem):
        """Return a rule's problem in the user's language, followed by the cure."""
        values = {
            name: self.env._(value) if isinstance(value, Term) else value for name, value in problem.values.items()
        }
        parts = [self.env._(text, **values) for text in (problem.message, problem.fix) if text]
        return " ".join(parts)

    def _fapiao_check_issuer(self):
        gate.check(self, gate.ISSUER)

    # ------------------------------------------------------------------ the record on which a problem is fixed

    def _fapiao_record_to_mend(self, problem):
        """Return the record to change because of ``problem``; by default the document."""
        self.ensure_one()
        line = self._fapiao_line_of(problem)
        company = self.company_id
        record = self
        if problem.code in BUYER:
            record = self._fapiao_party_to_mend(problem)
        elif problem.code in PRODUCT:
            record = self if line.fapiao_tax_code_id else line.product_id.product_tmpl_id
        elif problem.code in UNIT:
            record = line.product_uom_id
        elif problem.code in TAX_CODE:
            record = line.fapiao_tax_code_id or line.product_id._fapiao_code().get(line.product_id)
        elif problem.code in TAX:
            record = line.tax_ids[:1]
        elif problem.code in ACCOUNT:
            record = self._fapiao_account()
        elif problem.code in COMPANY:
            record = company
        elif problem.code in SELLER:
            record = company._fapiao_taxpayer().partner_id.sudo(self.env.su)
        return record or self

    def _fapiao_party_to_mend(self, problem):
        """Return the record of a party. Rules treat both parties alike: the seller's data are on the company,
        its tax number on the account.
        """
        account, company = self._fapiao_account(), self.company_id
        if problem.code == "same_party" or problem.values.get("name") != company._fapiao_seller(account).name:
            return self._fapiao_buyer()
        return account if problem.values.get("number") else company._fapiao_taxpayer().partner_id.sudo(self.env.su)

    def _fapiao_partner_of(self, problem):
        """Return the partner that a ``problem`` of a party is about."""
        record = self._fapiao_party_to_mend(problem)
        return record if record._name == "res.partner" else self.company_id._fapiao_taxpayer().partner_id

    def _fapiao_mend(self, record):
        """Return the action that opens ``record``, found by :meth:`_fapiao_record_to_mend`. Records fixed in
        a dialog have the target ``new``; invoice and settings replace the dialog.
        """
        if record._name == "res.company":
            return self.env["ir.actions.act_window"]._for_xml_id("account.action_account_config")
        return {
            "type": "ir.actions.act_window",
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
            "target": "current" if record == self else "new",
        }
