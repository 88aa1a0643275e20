"""Position of a pull between its pages, and whether there are more; uses neither cloud nor database."""

import hashlib
from dataclasses import dataclass

MOST = 10_000  # rows beyond twice the total, after which the pages count as endless


@dataclass
class Place:
    """The last page taken. ``size``: rows per page as delivered; ``asked``: rows requested; ``total``: of all
    pages, 0 if not reported.
    """

    page: int
    size: int
    asked: int
    digest: str = ""
    total: int = 0
    is_over: bool = False
    is_repeated: bool = False  # the last page was equal to the one before

    def turn(self, answer):
        """Take ``answer`` (:class:`~..clouds.inbound.PullPage`) as the next page.

        The last page is shorter than the first and, if a total is reported, not before it is reached: pages
        may overlap while fapiao arrive. A short first page alone proves nothing, since a cloud may deliver
        fewer rows than requested.
        """
        count = len(answer.rows) + len(answer.unread) + len(answer.others)
        digest = _digest(answer)
        self.page += 1
        self.is_repeated = bool(count) and digest == self.digest
        self.digest = digest
        if answer.total is not None:
            self.total = answer.total
        if self.page == 1 and count:
            self.size = count if count > self.size or not self.total or count < self.total else self.size
        if not count or self.is_repeated:
            self.is_over = True
        elif self.total:
            reached = self.page * self.size
            self.is_over = reached >= self.total and (count < self.size or reached >= 2 * self.total + MOST)
        else:
            self.is_over = count < self.size

    def may_be_over(self):
        """Return whether a refusal of the next page may mean that there is none."""
        if self.total:
            return self.page * self.size >= self.total
        return self.page > 0 and self.size < self.asked


def _digest(answer):
    told = "\n".join([*(row.number for row in answer.rows), *map(repr, answer.unread), *answer.others])
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:32]
