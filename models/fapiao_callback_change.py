"""Callbacks that speak of fapiao which were issued before: reversed or voided, in the cloud's own portal say.

They are asked about (fapiao_refresh.py). A reversal made from here is known already, and one that is on its
way from here is asked about by itself.
"""

from odoo import models

OWN_STAGES = ("applying", "issuing")  # the red fapiao may be our own, its answer not in yet


class FapiaoCallback(models.Model):
    _inherit = "fapiao.callback"

    def _fapiao_told(self, account, told):
        """Return ``{number: fapiao}`` of those that the news ``told`` ({callback: news}) name."""
        changes = [one for news in told.values() for one in news or () if one.is_change]
        numbers = {number for one in changes for number in (*one.numbers, *one.originals)}
        if not numbers:
            return {}
        known = self.env["fapiao"].search(
            [("account_id", "=", account.id), ("direction", "=", "out"), ("number", "in", list(numbers))]
        )
        return {fapiao.number: fapiao for fapiao in known}

    def _ask_about_changed(self, news, by_uid, by_number):
        """Queue the fapiao that the ``news`` of this callback say to have changed; return those that are
        known, and whether each is asked about, as ``{fapiao: bool}``."""
        about = {}
        for one in news or ():
            if not one.is_change:
                continue
            strange = [number for number in one.numbers if number not in by_number]
            named = self._blue_named(one, by_uid, by_number, is_one=bool(strange))
            told = {by_number[number] for number in one.numbers if number in by_number}
            # a red fapiao that is known tells nothing new of what it reverses
            asked = named.filtered(lambda fapiao, told=told: fapiao._may_have_changed(told))
            asked._want_refresh(self, strange[0] if strange else "")
            about |= {fapiao: fapiao in asked for fapiao in named}
        return about

    def _blue_named(self, news, by_uid, by_number, is_one):
        """Return the fapiao that ``news`` is about: those it names, or else those of the request. ``is_one``:
        any one of the latter will do, for the red fapiao that is asked for tells which it reverses."""
        known = [by_number[number] for number in (*news.originals, *news.numbers) if number in by_number]
        request = by_uid.get(news.request_uid)
        if known or request is None or request._name != "fapiao.request":
            return self.env["fapiao"].union(*(fapiao.original_id or fapiao for fapiao in known))
        blue = request.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        return blue.filtered("can_reverse")[:1] or blue[:1] if is_one else blue

    def _say_changed(self, fapiao, is_asked):
        if is_asked:
            return self.env._("%s: the cloud is asked whether it was reversed or voided.", fapiao.number)
        if fapiao.red_form_ids.filtered(lambda form: form.stage in OWN_STAGES):
            return self.env._(
                "%s: a reversal made from here is on its way; nothing more is asked.", fapiao.number
            )
        status = dict(fapiao._fields["status"]._description_selection(self.env))[fapiao.status]
        return self.env._("%(number)s: already known (%(status)s).", number=fapiao.number, status=status)


class Fapiao(models.Model):
    _inherit = "fapiao"

    def _may_have_changed(self, told):
        """Tell whether news of a reversal or voiding can be true, and are neither our own doing nor known
        from one of the red fapiao that they name (``told``)."""
        self.ensure_one()
        if told & set(self.red_ids):
            return False
        stages = self.red_form_ids.filtered("is_open").mapped("stage")
        return self._is_living() and not any(stage in OWN_STAGES for stage in stages)
