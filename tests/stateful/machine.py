"""The histories: what may happen, in any order, and how each comes to its end.

A rule is one thing that somebody does: a person's click, a worker that stops, a fault of a cloud, the bureau's
portal. At the end of a history all faults are off, everything that was held goes on, time passes until all is
quiet, and then the bureaus' ledger is compared with Odoo's (``truth``).
"""

import functools
import sys
from collections import Counter
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from . import callbacks, clouds, held
from .people import People
from .stage import PROVIDERS, SHARES, Rules
from .truth import BUSY, Checks, Truth, owners_of

# Most of what happens in a history happens to one invoice
PLACES = st.sampled_from((None, None, None, None, None, 0, 1, 2, 3))
MINUTE, HOUR, DAY = 60, 3600, 86400
ROUNDS = 10  # of quiet until the end
ROUND = 70 * MINUTE  # of simulated time: after an hour what has ended is asked about for the first time
# After a person or a cloud was wrong, the truth may show as late as this
LATE = (2 * HOUR, 2 * DAY, 8 * DAY, 32 * DAY)


class Violation(AssertionError):
    """Something that must hold does not."""


@functools.cache
def violation(kind):
    """Return the class of violations of a ``kind``; hypothesis keeps a history for each."""
    return type(kind, (Violation,), {})


class Machine(RuleBasedStateMachine):
    stage = None
    counts = Counter()
    refusals = Counter()  # in whose words

    @initialize(
        provider=st.sampled_from(PROVIDERS),
        deduplicate=st.booleans(),
        show_after=st.sampled_from((0, 120)),
        auto_invoice=st.sampled_from((True, True, False)),
        focus=st.sampled_from((0, 0, 0, 1, 1, 2, 2, 3, 4)),
    )
    def begin(self, focus, **rules):
        self.counts["histories"] += 1
        self.stage.begin(Rules(**rules))
        self.people = People(self.stage)
        self.owners, self.ceilings = owners_of(self.stage)
        self.focus = focus
        self.clicked = False
        self.excused = set()
        self.lies = []  # faults that excuse everything, should they strike
        self.notes = []  # credit notes
        self.workers = []
        self.dump = None
        self.done_since = []  # what people have done since the dump
        self.is_replaced = False

    # ------------------------------------------------------------------ small helpers

    @property
    def account_id(self):
        return self.stage.look(lambda env: env["res.company"].browse(self.stage.company_id).fapiao_account_id.id)

    def do(self, name, *args):
        """Let people do something, and remember it in case their database is lost."""
        self.counts["steps"] += 1
        self.done_since.append((name, args))
        answer, words = getattr(self.people, name)(*args)
        self.counts[f"{name}: {'refused' if words else 'done'}"] += 1
        if words:
            self.refusals[f"{name}: {words[:90]}"] += 1
        return answer

    def place(self, place):
        return self.focus if place is None else place

    def move(self, place):
        return self.stage.invoices[self.place(place)]

    def has_fapiao(self):
        return any(world.fapiao for world in self.stage.worlds)

    def products_of(self, move_ids):
        return {product for product, owner in self.owners.items() if owner in move_ids}

    def requests(self, *states):
        return self.stage.look(
            lambda env: [
                (request.id, request.request_uid, request.move_ids.ids)
                for request in env["fapiao.request"].search([("state", "in", states)], order="id")
            ]
        )

    # ------------------------------------------------------------------ people: fapiao

    @rule(place=PLACES, fault=st.none() | clouds.ISSUE_FAULTS)
    def click(self, place, fault):
        self._break(fault)
        self.clicked = True
        self.do("issue", self.move(place))

    @precondition(lambda self: self.clicked)
    @rule(place=PLACES, fault=st.none() | clouds.ISSUE_FAULTS)
    def click_again(self, place, fault):
        self.click(place, fault)

    @rule(fault=st.none() | clouds.ISSUE_FAULTS)
    def click_on_several(self, fault):
        self._break(fault)
        self.clicked = True
        self.do("issue", *self.stage.invoices[:3])

    @rule(place=PLACES, fault=st.none() | clouds.ISSUE_FAULTS)
    def double_click(self, place, fault):
        self._break(fault)
        self.clicked = True
        self.do("issue_twice", self.move(place))

    @rule(pair=st.sampled_from(((0, 1), (0, 1), (2, 3))), fault=st.none() | clouds.ISSUE_FAULTS)
    def merge(self, pair, fault):
        self._break(fault)
        self.clicked = True
        self.do("merge", *map(self.move, pair))

    @precondition(lambda self: self.clicked)
    @rule(place=PLACES)
    def withdraw(self, place):
        self.do("withdraw", self.move(place))

    @precondition(lambda self: self.clicked)
    @rule(place=PLACES)
    def refresh(self, place):
        self.do("refresh", self.move(place))

    @precondition(has_fapiao)
    @rule(place=PLACES, credit=st.booleans(), fault=st.none() | clouds.RED_FAULTS)
    def reverse(self, place, credit, fault):
        self._break(fault)
        self.do("reverse", self.move(place), credit)

    @precondition(lambda self: self.notes and self.has_fapiao())
    @rule(fault=st.none() | clouds.RED_FAULTS)
    def reverse_for_credit(self, fault):
        self._break(fault)
        self.do("reverse", self.notes[-1], False)

    @precondition(lambda self: self.requests("manual"))
    @rule(wrong=st.sampled_from((False, False, False, True)))
    def decide(self, wrong):
        """Who looks into the portal and finds nothing decides so; who finds something has it asked again. One
        who is wrong says that nothing was issued without a look."""
        self.counts["steps"] += 1
        truth = Truth(self.stage)
        for request_id, uid, move_ids in self.requests("manual"):
            known = truth.is_known(uid)
            if wrong and known:
                self.excused |= self.products_of(move_ids)
            button = "action_decide_ask_again" if known and not wrong else "action_decide_not_issued"
            self.people.decide(request_id, button)
            self.counts["decided"] += 1

    # ------------------------------------------------------------------ people: the books

    @rule(place=PLACES, share=st.sampled_from(SHARES))
    def credit(self, place, share):
        """Credit an invoice, once: below nothing it would take from what it is merged with."""
        own = {self.stage.notes[self.place(place), each] for each in SHARES}
        if not own.intersection(self.notes):
            note = self.stage.notes[self.place(place), share]
            self.do("post", note)
            self.notes.append(note)

    @rule(place=PLACES, factor=st.sampled_from((1, 1, 1, 1.1)))
    def reset_and_reenter(self, place, factor):
        """Reset to draft, delete the lines and enter them again; posted again where that was allowed."""
        self.do("reset", self.move(place))
        self.do("reenter", self.move(place), factor)
        self.do("post", self.move(place))
        self._note_ceilings()

    @precondition(lambda self: self.clicked)
    @rule(place=PLACES)
    def tamper(self, place):
        self.do("tamper", self.move(place))

    def _note_ceilings(self):
        """Another price is another amount, but never a second fapiao beside the first."""
        _owners, amounts = owners_of(self.stage)
        for product, amount in amounts.items():
            self.ceilings[product] = max(self.ceilings[product], amount)

    # ------------------------------------------------------------------ people: the account

    @precondition(lambda self: any(map(clouds.needs_log_in, self.stage.worlds)))
    @rule()
    def log_in(self):
        """Log in at the bureau, as whoever sees that it is needed does."""
        for world in self.stage.worlds:
            clouds.log_in(world)
        self.do("log_in", self.account_id)

    @rule(number=st.integers(0, 2))
    def edit_account(self, number):
        self.do("edit_account", self.account_id, self.stage.elsewhere(number))

    @precondition(lambda self: not self.is_replaced)
    @rule()
    def replace_account(self):
        self.is_replaced = True
        self.do("replace_account", self.account_id, self.stage.elsewhere(1))

    @precondition(lambda self: self.clicked)
    @rule(active=st.booleans(), anyway=st.booleans())
    def archive_account(self, active, anyway):
        name = "archive_anyway" if anyway and not active else "edit_account"
        self.do(name, self.account_id, {"active": active})

    # ------------------------------------------------------------------ workers and time

    @precondition(lambda self: self.clicked)
    @rule(job=st.sampled_from(("dispatch", "reconcile")))
    def run_scheduler(self, job):
        self.stage.cron(f"_cron_{job}")

    @precondition(lambda self: self.clicked)
    @rule(seconds=st.sampled_from((MINUTE, 50 * MINUTE, 50 * MINUTE, DAY, 4 * DAY)), runs=st.integers(0, 3))
    def wait(self, seconds, runs):
        """Time passes; as a rule the scheduler runs meanwhile."""
        self.stage.age(seconds)
        if runs:
            self.stage.cron("_cron_reconcile", "_cron_dispatch")

    @precondition(lambda self: len(self.workers) < 2)
    @rule(
        place=PLACES,
        job=st.sampled_from(("click", "click", "dispatch", "reconcile")),
        seam=st.sampled_from(held.SEAMS),
        fault=st.none() | clouds.ISSUE_FAULTS,
    )
    def stop_worker(self, place, job, seam, fault):
        self.counts["steps"] += 1
        self._break(fault)
        self.clicked = True
        if job == "click":
            self.done_since.append(("issue", (self.move(place),)))
            work = functools.partial(self.people.issue, self.move(place))
        else:
            work = functools.partial(self.stage.cron, f"_cron_{job}")
        worker = held.Held(f"{job} before {seam}", seam, work)
        if worker.is_held:
            self.workers.append(worker)
            self.counts["workers held"] += 1
        else:
            worker.end()

    @precondition(lambda self: self.workers)
    @rule(dies=st.sampled_from((False, False, True)), last=st.booleans())
    def resume_worker(self, dies, last):
        self.workers.pop(-1 if last else 0).end(dies)

    # ------------------------------------------------------------------ dumps

    @precondition(lambda self: self.dump is None)
    @rule()
    def take_dump(self):
        undo = self.stage.undo
        self.dump = (undo.mark(), undo.sequences(), self.stage.passed, self.is_replaced)
        self.done_since = []

    @precondition(lambda self: self.dump is not None and any(name != "tamper" for name, _args in self.done_since))
    @rule()
    def restore(self):
        """The database is lost: its last dump is restored, and people do once more what they had done since."""
        self.counts["restored"] += 1
        for worker in self.workers:
            worker.end(dies=True)
        mark, sequences, passed, self.is_replaced = self.dump
        self.workers, self.dump = [], None
        undo = self.stage.undo
        undo.back(mark)
        undo.set_sequences(sequences)
        undo.age(self.stage.passed - passed)
        self.stage.registry.clear_all_caches()
        again, self.done_since = self.done_since, []
        for name, args in again:
            self.do(name, *args)

    # ------------------------------------------------------------------ clouds and bureau

    @precondition(lambda self: self.clicked)
    @rule(fault=clouds.ASK_FAULTS | clouds.RED_FAULTS)
    def break_later_call(self, fault):
        self._break(fault)

    def _break(self, fault):
        if fault is None:
            return
        self.counts["faults"] += 1
        planned = [clouds.plan(world, self.stage.rules.provider, fault) for world in self.stage.worlds]
        if fault.lies_for_good(self.stage.rules):
            self.lies += planned

    @precondition(lambda self: any(clouds.possible(world) for world in self.stage.worlds))
    @rule(choice=st.integers(0, 30))
    def portal(self, choice):
        for world in self.stage.worlds:
            if action := clouds.at_portal(world, choice):
                self.counts[f"portal: {action}"] += 1

    @precondition(lambda self: callbacks.are_held(self.stage))
    @rule(order=st.sampled_from(callbacks.ORDERS))
    def call_back(self, order):
        self.counts["callbacks"] += callbacks.bring(self.stage, order)

    # ------------------------------------------------------------------ the end

    def teardown(self):
        if sys.exc_info()[0] or not hasattr(self, "workers"):
            for worker in getattr(self, "workers", ()):
                worker.end(dies=True)
            return
        self._quiet()
        checks = Checks(self.stage, self.owners, self.ceilings, self.excused)
        found = [*checks.all(), *(f"LOGGED {said}" for said in self.stage.errors.said)]
        if found:
            raise violation(found[0].split()[0])("\n".join(found))

    def _quiet(self):
        """Faults off, everybody goes on, and time passes until nothing moves."""
        for world in self.stage.worlds:
            clouds.tell_the_truth(world)
        for worker in self.workers:
            worker.end()
        self.workers = []
        if any(lie.fired for lie in self.lies):
            self.excused |= set(self.owners)
        self._log_in_everywhere()
        self._settle()
        if self.excused:
            for seconds in LATE:
                self.stage.age(seconds)
                self._settle()
        self._refresh_all()

    def _log_in_everywhere(self):
        accounts = self.stage.look(
            lambda env: (
                env["fapiao.account"]
                .with_context(active_test=False)
                .search([("company_id", "=", self.stage.company_id), ("provider", "=", self.stage.rules.provider)])
                .filtered(lambda account: account.session_state not in ("ok", "unknown"))
                .ids
            )
        )
        for account_id in accounts:
            self.people.log_in(account_id)

    def _settle(self):
        before = None
        for _round in range(ROUNDS):
            callbacks.bring(self.stage, "sent")
            self.stage.cron("_cron_reconcile", "_cron_dispatch")
            for world in self.stage.worlds:
                clouds.let_people_finish(world)
            now = self.stage.look(self._open)
            if not now or (before == now and all(state in ("manual", "waiting_login") for _id, state in now)):
                return
            before = now
            self.stage.age(ROUND)
            self._log_in_everywhere()

    def _open(self, env):
        """Return what is not at its end, with its state."""
        found = []
        for model in ("fapiao.request", "fapiao.red.form", "fapiao.withdrawal", "fapiao.red.withdrawal"):
            open_ = env[model].search([("state", "in", (*BUSY, "manual"))])
            found += [((model, record.id), record.state) for record in open_]
        forms = env["fapiao.red.form"].search(["|", ("is_open", "=", True), ("follow_up", "=", "todo")])
        found += [(("stage", form.id), form.stage) for form in forms]
        asked = env["fapiao"].search([("refresh_at", "!=", False)])
        found += [(("fapiao", fapiao.id), "refresh") for fapiao in asked]
        soon = env["fapiao.request"]._now() + timedelta(seconds=ROUND)
        for model in ("fapiao.request", "fapiao.red.form"):
            watched = env[model].search([("watch_at", "<=", soon), ("state", "!=", "manual")])
            found += [((model, record.id), "watched") for record in watched]
        return found

    def _refresh_all(self):
        """What was reversed in the portal is refreshed by who has reversed it."""
        stale = [
            one.original for world in self.stage.worlds for one in world.fapiao.values() if one.red and not one.cloud
        ]
        for number in stale:
            done = self.stage.act("issuer", lambda env, number=number: refresh(env, number))
            if done[1]:
                self.refusals[f"refresh {number}: {done[1][:90]}"] += 1


def refresh(env, number):
    return env["fapiao"].search([("number", "=", number), ("direction", "=", "out")]).action_refresh()
