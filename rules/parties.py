"""Required data of buyer and seller, checked for a partner form or a fapiao.

Source: docs/protocols/tax-rules.md#buyer.
"""

from . import taxno
from .document import SPECIAL
from .limits import DEFAULTS
from .names import is_business, name_key
from .problems import Problem, _

BUYER, SELLER = "buyer", "seller"


def check_party(party, role=BUYER, fapiao_type=None, limits=DEFAULTS):
    """Return the problems of ``party`` as ``role`` on a fapiao of that type (``None``: not known yet)."""
    problems = [*_name(party, limits), *_number(party, role, fapiao_type)]
    if role == SELLER and limits.seller_contact_required:
        problems += _seller_contact(party)
    if role == BUYER and party.is_person:
        problems += _person(party, fapiao_type)
    return [*problems, *_bank(party)]


def check_registered_name(name, registered):
    """Return the warning that a company is called otherwise than it is ``registered`` ("": not known)."""
    if not registered or name_key(name) == name_key(registered):
        return []
    return [
        Problem(
            "registered_name_differs",
            _("The company is called “%(own)s” here, but registered at the tax bureau as “%(registered)s”."),
            _("The registered name is printed. Correct the company's name, or the Registered Name of the account."),
            {"own": name, "registered": registered},
            severity="warning",
        )
    ]


def _name(party, limits):
    name = party.name.strip()
    if not name:
        yield Problem("name_missing", _("A party of the fapiao has no name."), _("Enter the registered name."))
    elif len(name) > limits.buyer_name_length:
        yield Problem(
            "name_too_long",
            _("The name “%(name)s” is longer than %(length)s characters."),
            _("Enter the name as it is registered; it can't be cut."),
            {"name": name, "length": limits.buyer_name_length},
        )


def _number(party, role, fapiao_type):
    values = {"name": party.name, "number": party.tax_no}
    verdict = taxno.judge(taxno.normalise(party.tax_no))
    if verdict == taxno.MISSING:
        yield from _number_missing(party, role, fapiao_type)
    elif verdict == taxno.MALFORMED:
        yield Problem(
            "tax_no_malformed",
            _("“%(number)s” can't be the tax number of %(name)s: it has 15 to 20 digits and capitals."),
            _("Copy it from the business licence."),
            values,
        )
    elif verdict == taxno.DOUBTFUL:
        yield Problem(
            "tax_no_doubtful",
            _("The check digit of the tax number %(number)s of %(name)s doesn't fit."),
            _("Compare it with the business licence; old numbers may still be right."),
            values,
            severity="warning",
        )


def _number_missing(party, role, fapiao_type):
    if role == SELLER:
        yield Problem(
            "seller_tax_no_missing",
            _("The seller has no tax number."),
            _("Enter it on the fapiao account or the company."),
        )
    elif fapiao_type == SPECIAL:
        yield Problem(
            "buyer_tax_no_missing",
            _("A special fapiao needs the tax number of %(name)s."),
            _("Enter it on the customer, or issue an ordinary fapiao."),
            {"name": party.name},
        )
    elif not party.is_person:
        yield Problem(
            "buyer_tax_no_absent",
            _("%(name)s is a company without a tax number."),
            _("Enter it, or mark the customer as a person: a company can't book a fapiao without."),
            {"name": party.name},
            severity="warning",
        )


def _seller_contact(party):
    """Yield the problems of the two contact lines that a cloud may require; one part of a line suffices."""
    if not (party.address.strip() or party.phone.strip()):
        yield Problem(
            "seller_address_missing",
            _("The cloud wants address and phone of the seller, and neither is known."),
            _("Fill in “Address on Fapiao” and “Phone on Fapiao” on the contact of your company."),
        )
    if not (party.bank.strip() or party.bank_account.strip()):
        yield Problem(
            "seller_bank_missing",
            _("The cloud wants the bank account of the seller, and none is known."),
            _("Fill in “Bank and Account” on the contact of your company."),
        )


def _person(party, fapiao_type):
    values = {"name": party.name}
    if fapiao_type == SPECIAL:
        yield Problem(
            "person_special",
            _("%(name)s is a natural person and can't receive a special fapiao."),
            _("Issue an ordinary fapiao."),
            values,
        )
    if len(party.name.strip()) < 2:
        yield Problem(
            "person_name_short",
            _("The name of a natural person has at least two characters."),
            _("Enter the full name of the person."),
            values,
        )
    if taxno.is_sole_trader(taxno.normalise(party.tax_no)):
        yield Problem(
            "person_sole_trader",
            _("%(name)s has the tax number of a sole trader (个体工商户), which is a business."),
            _("Mark the customer as a company."),
            values,
        )
    elif is_business(party.name):
        yield Problem(
            "person_business_name",
            _("%(name)s is marked as a natural person, but the name is that of a business."),
            _("Mark the customer as a company if it is one."),
            values,
            severity="warning",
        )


def _bank(party):
    if bool(party.bank.strip()) != bool(party.bank_account.strip()):
        yield Problem(
            "bank_half",
            _("Of the bank of %(name)s only the name or only the account is known."),
            _("Enter both or neither."),
            {"name": party.name},
            severity="warning",
        )
