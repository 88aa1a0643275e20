"""What a person or a test can turn in 金蝶发票助手: tickets, messages, keys."""

from dataclasses import asdict

from .. import defaults
from ..levers import locked
from . import auth, desk, mailbox, messages, tickets
from .records import TOLD, UNUSED, Client


@locked
class AssistantLevers:
    def add_assistant_client(self):
        """The demo client, of both demo companies."""
        companies = [defaults.TAX_NO, defaults.BUYER_TAX_NO]
        client = Client(defaults.ASSISTANT_CLIENT_ID, defaults.ASSISTANT_CLIENT_SECRET, companies)
        self.assistant_clients[client.client_id] = client
        return client

    # --- tickets ---

    def give_ticket(self, eid, kind, tax_no=defaults.TAX_NO, **fields):
        """A ticket for this user's wallet; `kind` is an invoiceType or an alias (tickets.py).

        `fields`: total, tax, title (its buyer's name), serial, status, check_status, personal, or any key
        of its details, such as buyerTaxNo.
        """
        slip = tickets.make(self, kind, eid, tax_no, **fields)
        self.slips[slip.serial] = slip
        return slip

    def claim_elsewhere(self, serial, status="30", document="elsewhere"):
        """Another document, of another system perhaps, uses this ticket (or 1: uses it no longer)."""
        slip = tickets.find(self, serial)
        if str(status) not in TOLD:
            raise ValueError(f"unknown expenseStatus {status!r}; known: {', '.join(TOLD)}")
        slip.status, slip.document = str(status), "" if str(status) == UNUSED else document
        return slip

    def free_ticket(self, serial):
        return self.claim_elsewhere(serial, UNUSED)

    def assistant_ticket(self, serial):
        """The ticket, or KeyError; one that was edited away leads to its successor."""
        slip = self.slips[serial]
        while slip.replaced_by:
            slip = self.slips[slip.replaced_by]
        return slip

    def assistant_document(self, bxd_key, tin=defaults.TAX_NO):
        return self.documents[f"{tin}/{bxd_key}"]

    # --- messages ---

    def choose_tickets(self, user_key, link_key, serials):
        """What pressing 导入 does on the page that chooses. The message."""
        return desk.choose(self, auth.user_key(self, user_key), link_key, serials)

    def assistant_message(self, key, kind, data, repeat=1, hold=None):
        """A message of any type and content, forged or not, `repeat` times under as many ids. Their ids."""
        content = {"type": kind, "data": data}
        return [mailbox.post(self, key, content, hold=hold).uid for _ in range(repeat)]

    def assistant_message_for(self, user_key, serials):
        """The saveBill message choosing these would send; nothing is sent."""
        slips = [tickets.find(self, serial) for serial in serials]
        return messages.save_bill(auth.user_key(self, user_key), slips)

    def repeat_message(self, uid=None, same_id=False):
        """Send a message again, acknowledged or not; the newest one without `uid`. Its id."""
        letter = self.letters[uid] if uid else max(self.letters.values(), key=lambda each: each.number)
        if not same_id:
            return mailbox.post(self, letter.to, letter.content, letter.sender, hold=False).uid
        letter.state = "waiting"
        return letter.uid

    def release_messages(self, order="sent"):
        """Let held messages go: sent | reversed. How many."""
        return mailbox.release(self, order)

    def messages_for(self, key):
        """Every message ever posted to this key, in order."""
        return [each for each in self.letters.values() if each.to == key]

    def assistant_log(self, document=None):
        """Every call that took effect, in order, as dicts: call, document, status, serials, changed …"""
        return [asdict(each) for each in self.assistant_entries.values() if document in (None, each.document)]
