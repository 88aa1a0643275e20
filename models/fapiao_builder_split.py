"""What of an invoice is covered already, and how what is left becomes one fapiao or several."""

# A problem's words are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from dataclasses import dataclass, field, replace

from odoo import api, models

from ..rules import checks, shares
from ..rules.amounts import ZERO
from ..rules.problems import Problem, _, errors
from ..rules.split import split
from .fapiao_decimal import exact

QUANTITY_DIGITS = 6  # of fapiao.request.line, fine enough for a unit that was cut


@dataclass(frozen=True)
class Covered:
    """What living fapiao and requests on their way stand for, looked up once for many invoices."""

    by_key: dict  # item's key → (amount, tax, quantity), signed as the item
    parts: dict  # item's key → numbers of its slices that are taken
    by_document: dict  # document → (amount, tax)
    lost: dict = field(default_factory=dict)  # document → request lines whose line isn't on it any more

    def amount_of(self, document):
        return self.by_document.get(document, (ZERO, ZERO))[0]

    def tax_of(self, document):
        return self.by_document.get(document, (ZERO, ZERO))[1]

    def is_remnant(self, item):
        """Tell whether all but some cents of tax is covered: these go into the lines that are left."""
        return item.key in self.by_key and not item.amount


class FapiaoBuilder(models.AbstractModel):
    _inherit = "fapiao.builder"

    # ------------------------------------------------------------------ what is covered already

    @api.model
    def _covered(self, documents, freed=None):
        """Return the :class:`Covered` of ``documents``, without the request lines ``freed``."""
        # sudo: what is covered doesn't depend on who asks
        lines = documents.sudo().fapiao_request_line_ids.filtered("live")
        if freed:
            lines -= freed.sudo()
        by_key, parts, by_document = {}, {}, {}
        lost = lines.filtered(
            lambda line: line.move_line_id.move_id != line.move_id and not line.lost_fapiao_id
        )
        for line in lines.filtered("move_line_id") - lost:
            key = str(line.move_line_id.id)
            figures = (
                exact(line.amount_untaxed),
                exact(line.amount_tax),
                exact(line.quantity, QUANTITY_DIGITS),
            )
            by_key[key] = self._add(by_key.get(key), figures)
            parts.setdefault(key, set()).add(line.part)
            document = documents.browse(line.move_id.id)
            by_document[document] = self._add(by_document.get(document), figures[:2])
        return Covered(
            by_key,
            parts,
            by_document,
            {documents.browse(move.id): rows for move, rows in lost.grouped("move_id").items()},
        )

    def _cover_problems(self, documents, covered):
        """Return the problem of each document with a fapiao for a line that isn't there any more: what is
        left to issue can't be told."""
        return [self._lost_line(one, covered.lost[one]) for one in documents if one in covered.lost]

    def _lost_line(self, document, rows):
        return Problem(
            "cover_without_line",
            _("%(numbers)s stands for a line that %(document)s does not have any more."),
            _("Reverse that fapiao, or withdraw the request if nothing is issued; then issue again."),
            {
                "document": document.display_name,
                "numbers": rows._say_what_binds() or ", ".join(rows.request_id.mapped("display_name")),
            },
        )

    def _add(self, before, figures):
        if not before:
            return figures
        return tuple(one + other for one, other in zip(before, figures, strict=True))

    def _uncovered(self, items, covered):
        """Return the ``(document, item)`` of ``items`` as far as nothing stands for them."""
        documents = {item.key: document for document, item in items}
        left = shares.uncovered([item for _document, item in items], covered.by_key)
        return [(documents[item.key], item) for item in left]

    # ------------------------------------------------------------------ one fapiao or several

    def _split(self, whole, items, covered, limits):
        """Return the ``Built`` that ``whole`` (one, with its draft) becomes under ``limits``. Should one of
        them have an error, none is made: half an invoice is not what anybody asked for."""
        drafts, problems = split(whole.draft, limits)
        problems = self._once([*whole.problems, *problems, *self._checked(whole.draft, drafts, limits)])
        if errors(problems) or len(drafts) == 1:
            share_values = self._share_values(items, [whole.draft], covered)[0]
            return [replace(whole, problems=problems, shares=share_values)]
        parts = [
            self._part_of(whole, draft, share_values)
            for draft, share_values in zip(drafts, self._share_values(items, drafts, covered), strict=True)
        ]
        # a warning is about the invoice and is said once
        return [replace(parts[0], problems=problems), *parts[1:]]

    def _checked(self, whole, drafts, limits):
        """Return what stands against ``drafts``, the parts of ``whole``; one credit line is for all."""
        if drafts is None:
            return checks.preflight(whole, replace(limits, amount_limit=None))
        if len(drafts) == 1:
            return checks.preflight(whole, limits)
        apart = replace(limits, credit_left=None)
        found = [problem for draft in drafts for problem in checks.preflight(draft, apart)]
        return found + checks.check_credit(whole.amount, limits)

    def _part_of(self, whole, draft, share_values):
        documents = {values["move_id"] for values in share_values}
        return replace(
            whole,
            moves=whole.moves.filtered(lambda move: move.id in documents),
            credits=whole.credits and whole.credits.filtered(lambda move: move.id in documents),
            draft=draft,
            problems=[],
            shares=share_values,
        )

    def _share_values(self, items, drafts, covered):
        """Return create values for ``fapiao.request.line``, a list for each of ``drafts``.

        A slice takes the lowest number that is free: so two orders for the same line, made side by side,
        meet in the unique index however differently they cut.
        """
        documents = {item.key: document for document, item in items}
        taken = {key: set(numbers) for key, numbers in covered.parts.items()}
        return [
            [
                {
                    **self._values_of_share(documents[share.item.key], share, sequence),
                    "part": self._next_part(taken.setdefault(share.item.key, set())),
                }
                for sequence, share in enumerate(of_part, start=1)
            ]
            for of_part in shares.allot(
                [item for _document, item in items], [draft.lines for draft in drafts]
            )
        ]

    def _next_part(self, taken):
        """Return the lowest number not in ``taken``, and put it there."""
        number = next(number for number in range(len(taken) + 1) if number not in taken)
        taken.add(number)
        return number

    def _shares(self, items):
        """Return create values for the lines of one request over all of ``items``, ``(document, item)``."""
        return [
            self._values_of_share(
                document, shares.Share(item, item.amount, item.tax, item.quantity or ZERO), sequence
            )
            for sequence, (document, item) in enumerate(items, start=1)
        ]

    def _values_of_share(self, document, share, sequence):
        return {
            "sequence": sequence,
            "move_id": document.id,
            "move_line_id": int(share.item.key),
            "name": share.item.name,
            "quantity": float(share.quantity),
            "amount_untaxed": float(share.amount),
            "amount_tax": float(share.tax),
        }
