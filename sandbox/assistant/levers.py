"""What a person or a test can turn in 金蝶发票助手: tickets, messages, keys.

Every public method is reachable as POST /control/<name> too (control.py).
"""
from dataclasses import asdict
from datetime import timedelta

from .. import defaults
from . import auth, desk, documents, kinds, mailbox, messages, wallet
from .records import UNUSED, USED, Client

ELSEWHERE = 'elsewhere'


class AssistantLevers:
    def populate_assistant(self):
        """The demo client."""
        self.add_assistant_client(defaults.ASSISTANT_CLIENT_ID, defaults.ASSISTANT_CLIENT_SECRET,
                                  [defaults.TAX_NO, defaults.BUYER_TAX_NO])

    def add_assistant_client(self, client_id, secret, tax_nos=()):
        """`tax_nos`: the companies it may ask for; none means any."""
        with self.acting():
            client = Client(client_id, secret, list(tax_nos))
            self.assistant_clients[client_id] = client
            self.keep(client)
            return client

    # --- tickets ---

    def give_ticket(self, eid, kind, tax_no=defaults.TAX_NO, **fields):
        """A ticket for this user's wallet; `kind` is an invoiceType or an alias (kinds.py).

        `fields`: total, tax, title (its buyer's name), serial, status, check_status, personal, or any key
        of its details, such as buyerTaxNo.
        """
        with self.acting():
            slip = wallet.make(self, kind, eid, tax_no, **fields)
            self.slips[slip.key] = slip
            self.keep(slip)
            return slip

    def fill_wallet(self, eid, tax_no=defaults.TAX_NO):
        """One ticket of each kind. Their serial numbers."""
        with self.acting():
            return [self.give_ticket(eid, code, tax_no).serial for code in kinds.KINDS]

    def set_ticket(self, serial, check_status=None, personal=None, **told):
        """Change what is known of a ticket without changing its serial number."""
        with self.acting():
            slip = documents.slip(self, serial)
            if check_status is not None:
                slip.check_status = str(check_status)
            if personal is not None:
                slip.personal = bool(personal)
            slip.told.update(told)
            self.keep(slip)
            return slip

    def claim_elsewhere(self, serial, status='30', document=ELSEWHERE):
        """Another document, of another system perhaps, uses this ticket (or 1: uses it no longer)."""
        with self.acting():
            slip = documents.slip(self, serial)
            slip.status, slip.document = str(status), document if str(status) in USED else ''
            self.keep(slip)
            return slip

    def free_ticket(self, serial):
        return self.claim_elsewhere(serial, UNUSED)

    def wallet_of(self, eid, tax_no=defaults.TAX_NO):
        with self.acting():
            return [each for each in self.slips.values()
                    if (each.eid, each.tax_no) == (eid, tax_no) and not each.replaced_by]

    def assistant_ticket(self, serial):
        """The ticket, or KeyError; one that was edited away leads to its successor."""
        with self.acting():
            slip = self.slips[serial]
            while slip.replaced_by:
                slip = self.slips[slip.replaced_by]
            return slip

    def assistant_document(self, bxd_key, tin=defaults.TAX_NO):
        with self.acting():
            return self.documents[f'{tin}/{bxd_key}']

    # --- what a person presses ---

    def choose_tickets(self, user_key, link_key, serials, source='polling'):
        """导入 on the page that chooses. The message."""
        with self.acting():
            return desk.choose(self, auth.user_key(self, user_key), link_key, serials, source)

    def adjust_tickets(self, user_key, link_key, serials):
        """Save on the page that adjusts a line. The message."""
        with self.acting():
            return desk.adjust(self, auth.user_key(self, user_key), link_key, serials)

    def edit_ticket(self, user_key, link_key, serial, **changes):
        """Save on the page that edits a ticket (desk.FIELDS). The message."""
        with self.acting():
            return desk.edit(self, auth.user_key(self, user_key), link_key, serial, changes)

    # --- messages ---

    def assistant_message(self, key, kind, data, repeat=1, delay=None, hold=None):
        """A message of any type and content, forged or not, `repeat` times under as many ids. Their ids."""
        with self.acting():
            return [mailbox.post(self, key, {'type': kind, 'data': data}, delay=delay, hold=hold).uid
                    for _ in range(repeat)]

    def repeat_message(self, uid=None, same_id=False):
        """Send a message again, acknowledged or not; the newest one without `uid`. Its id."""
        with self.acting():
            letter = self.letters[uid] if uid else max(self.letters.values(), key=lambda each: each.number)
            if not same_id:
                return mailbox.post(self, letter.to, letter.content, letter.sender, delay=0, hold=False).uid
            letter.state, letter.socket = 'waiting', False
            self.keep(letter)
            return letter.uid

    def release_messages(self, order='sent'):
        """Let held messages go: sent | reversed | a list of their ids. How many."""
        with self.acting():
            return mailbox.release(self, order)

    def messages_for(self, key):
        """Every message ever posted to this key, in order."""
        with self.acting():
            return [each for each in self.letters.values() if each.to == key]

    # --- keys and the record ---

    def expire_user_keys(self):
        with self.acting():
            for each in self.user_keys.values():
                each.expires_at = self.clock.now() - timedelta(seconds=1)
                self.keep(each)

    def assistant_log(self, document=None):
        """Every call that took effect, in order, as dicts: call, document, status, serials, changed …"""
        with self.acting():
            return [asdict(each) for each in self.assistant_entries.values()
                    if document in (None, each.document)]

    def assistant_message_for(self, user_key, serials):
        """The saveBill message choosing these would send; nothing is sent."""
        with self.acting():
            slips = [documents.slip(self, serial) for serial in serials]
            return messages.save_bill(self, auth.user_key(self, user_key), slips)
