"""The rules of the search for pairs of fapiao and bill, each one statement over all open documents.

Every statement reads the open documents (``open_fapiao`` as ``f``, ``open_bill`` as ``b``) and returns pairs:
fapiao, bill, amount, number of equally likely pairs, and whether the pair is certain.
"""

from odoo.tools import SQL

# Days between a bill and its fapiao.
DAYS_TAX_NO = 180  # same seller by tax number, same total: a fapiao may come months later
DAYS_NAME = 15  # same name: fewer days, because a name is no proof
DAYS_SUM = 31  # sums of several documents: a month's delivery; no more than the ``month`` of the tables
MOST_CANDIDATES = 5  # shown for one fapiao
# Number of fapiao, or bills, with one seller and total beyond which only their numbers distinguish them, such
# as parking tickets at the same price each day. Otherwise each would be paired with all others.
MOST_ALIKE = 50
# Pairs tried for sums, of one seller and of all. Their number grows with the square of a seller's documents,
# so a few large sellers would take hours, and among thousands of totals sums fit by chance. Sellers with few
# documents come first.
MOST_PAIRS_SELLER = 500_000
MOST_PAIRS = 4_000_000


_NOT_REFUSED = SQL(
    "NOT EXISTS (SELECT FROM fapiao_match r WHERE r.fapiao_id = f.id AND r.move_id = b.id AND NOT r.active)"
)

NUMBER = SQL(
    """
    said AS (
    SELECT DISTINCT b.id AS move_id, word
      FROM open_bill b, regexp_split_to_table(b.said, '[^0-9A-Z]+') AS word WHERE length(word) >= 8
    ), known AS (
    SELECT f.id AS fapiao_id, f.number AS word FROM open_fapiao f
     UNION SELECT f.id, f.code || f.number FROM open_fapiao f WHERE f.code <> ''
    ), pairs AS (
    -- a short number is only unique with its seller
    SELECT DISTINCT f.id AS fapiao_id, b.id AS move_id, f.total AS f_total, b.total AS b_total, f.is_shared,
           (f.tax_no = '' OR b.tax_no = '' OR f.tax_no = b.tax_no) AS is_seller
      FROM said JOIN known USING (word) JOIN open_fapiao f ON f.id = known.fapiao_id
      JOIN open_bill b ON b.id = said.move_id AND b.company_id = f.company_id
     WHERE (length(said.word) >= 18 OR f.tax_no <> '' AND f.tax_no = b.tax_no
            OR f.seller <> '' AND f.seller = b.seller)
       AND %(not_refused)s
    ), weighed AS (
    SELECT *, count(*) OVER (PARTITION BY fapiao_id) AS bills, count(*) OVER (PARTITION BY move_id) AS fapiao,
           sum(f_total) OVER (PARTITION BY move_id) AS f_sum,
           sum(b_total) OVER (PARTITION BY fapiao_id) AS b_sum,
           bool_and(is_seller AND NOT is_shared) OVER (PARTITION BY move_id) AS is_sound_bill,
           bool_and(is_seller AND NOT is_shared) OVER (PARTITION BY fapiao_id) AS is_sound_fapiao,
           max(fapiao_cardinality) OVER (PARTITION BY fapiao_id) AS widest_bill,
           max(bills_cardinality) OVER (PARTITION BY move_id) AS widest_fapiao
      FROM (SELECT *, count(*) OVER (PARTITION BY move_id) AS fapiao_cardinality,
                      count(*) OVER (PARTITION BY fapiao_id) AS bills_cardinality FROM pairs) AS counted
    ), found AS (
    SELECT fapiao_id, move_id,
           CASE WHEN bills > 1 AND abs(b_total) < abs(f_total) AND b_total * f_total > 0
                THEN b_total ELSE f_total END AS amount,
           -- one bill and its fapiao, or one fapiao and its bills, to the fen
           (widest_fapiao = 1 AND f_sum = b_total AND is_sound_bill
            OR widest_bill = 1 AND b_sum = f_total AND is_sound_fapiao) AS is_certain,
           1 AS candidates
      FROM weighed
    )""",
    not_refused=_NOT_REFUSED,
)


def _same_total(seller, days, condition, is_certain):
    """Return the rule for one fapiao and one bill with the same ``seller`` (a column) and total, at most ``days``
    apart, among open documents without too many equal ones.
    """
    return SQL(
        """
    few_fapiao AS (
        SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY company_id, %(seller)s, total) AS alike
                         FROM open_fapiao WHERE %(seller)s <> '') AS f WHERE alike <= %(most_alike)s
    ), few_bills AS (
        SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY company_id, %(seller)s, total) AS alike
                         FROM open_bill WHERE %(seller)s <> '') AS b WHERE alike <= %(most_alike)s
    ), pairs AS (
    SELECT f.id AS fapiao_id, b.id AS move_id, f.total AS amount, f.is_shared, b.is_named,
           count(*) OVER (PARTITION BY f.id) AS bills, count(*) OVER (PARTITION BY b.id) AS fapiao,
           row_number() OVER (PARTITION BY f.id ORDER BY abs(b.day - f.day), b.id) AS place
      FROM few_fapiao f JOIN few_bills b ON b.company_id = f.company_id AND b.%(seller)s = f.%(seller)s
                                      AND b.total = f.total
     WHERE abs(b.day - f.day) <= %(days)s AND %(condition)s AND %(not_refused)s
    ), found AS (
    SELECT fapiao_id, move_id, amount, %(is_certain)s AS is_certain, greatest(bills, fapiao) AS candidates
      FROM pairs WHERE place <= %(most_candidates)s
    )""",
        seller=SQL.identifier(seller),
        days=days,
        condition=SQL(condition),
        not_refused=_NOT_REFUSED,
        is_certain=SQL(is_certain),
        most_alike=MOST_ALIKE,
        most_candidates=MOST_CANDIDATES,
    )


def _sums(of_bills):
    """Return the rule by which several fapiao sum to the total of a bill or, ``of_bills``, several bills to that of a
    fapiao: any two, or a run without gaps in the order of their dates, including all of the window.

    Runs are differences of prefix sums, so both are joins on equality and no combinations are tried.
    """
    # a fapiao leaves its table with the first proposal
    bill, fapiao = ("open_bill", "NOT is_proposed"), ("open_fapiao", "TRUE")
    part, one = (bill, fapiao) if of_bills else (fapiao, bill)
    return SQL(
        """
    parts AS (
        SELECT id, company_id, key, total, day, month,
               row_number() OVER seller AS place, sum(total) OVER seller AS upto
          FROM %(part)s AS part
         WHERE key <> '' AND total > 0 AND %(part_open)s
        WINDOW seller AS (PARTITION BY company_id, key ORDER BY day, id)
    ), ones AS (
        SELECT id, company_id, key, total, day, month + step AS month
          FROM %(one)s AS one CROSS JOIN (VALUES (-1), (0), (1)) AS near (step)
         WHERE key <> '' AND total > 0 AND %(one_open)s
    ), work AS (
        SELECT company_id, key, sum(o.n * p.n) AS pairs
          FROM (SELECT company_id, key, month, count(*) AS n FROM parts GROUP BY 1, 2, 3) AS p
          JOIN (SELECT company_id, key, month, count(*) AS n FROM ones GROUP BY 1, 2, 3) AS o
         USING (company_id, key, month) GROUP BY 1, 2
    ), fit AS (
        SELECT company_id, key
          FROM (SELECT *, sum(pairs) OVER (ORDER BY pairs, company_id, key) AS upto FROM work) AS w
         WHERE pairs <= %(most_pairs_seller)s AND upto <= %(most_pairs)s
    ), near AS (
        SELECT ones.id AS one_id, ones.total AS wanted, ones.day AS one_day, parts.*
          FROM ones JOIN fit USING (company_id, key) JOIN parts USING (company_id, key, month)
         WHERE abs(parts.day - ones.day) <= %(days)s AND parts.total < ones.total
    ), sets AS (
        SELECT x.one_id, x.company_id, x.key, x.place AS first, y.place AS last, 2 AS size, x.one_day
          FROM near x JOIN parts y ON y.company_id = x.company_id AND y.key = x.key
                                  AND y.total = x.wanted - x.total
         WHERE y.place > x.place AND abs(y.day - x.one_day) <= %(days)s
         UNION ALL
        SELECT x.one_id, x.company_id, x.key, x.place, y.place, y.place - x.place + 1, x.one_day
          FROM near x JOIN parts y ON y.company_id = x.company_id AND y.key = x.key
                                  AND y.upto = x.upto - x.total + x.wanted
         WHERE y.place > x.place + 1 AND abs(y.day - x.one_day) <= %(days)s
    ), chosen AS (
        SELECT DISTINCT ON (one_id) *, count(*) OVER (PARTITION BY one_id) AS candidates
          FROM sets ORDER BY one_id, size, first, last
    ), members AS (
        SELECT %(fapiao)s AS fapiao_id, %(move)s AS move_id, parts.total AS amount, chosen.candidates, one_id
          FROM chosen JOIN parts USING (company_id, key)
         WHERE parts.place IN (first, last) OR size > 2 AND parts.place BETWEEN first AND last
    ), found AS (
        SELECT fapiao_id, move_id, amount, FALSE AS is_certain, candidates
          FROM (SELECT m.*, bool_or(r.move_id IS NOT NULL) OVER (PARTITION BY one_id) AS is_refused
                  FROM members m LEFT JOIN fapiao_match r
                       ON r.fapiao_id = m.fapiao_id AND r.move_id = m.move_id AND NOT r.active) AS weighed
         WHERE NOT is_refused
    )""",
        part=SQL(part[0]),
        part_open=SQL(part[1]),
        one=SQL(one[0]),
        one_open=SQL(one[1]),
        fapiao=SQL("one_id" if of_bills else "parts.id"),
        move=SQL("parts.id" if of_bills else "one_id"),
        days=DAYS_SUM,
        most_pairs=MOST_PAIRS,
        most_pairs_seller=MOST_PAIRS_SELLER,
    )


RULES = {
    "number": NUMBER,
    "tax_no_total": _same_total(
        "tax_no", DAYS_TAX_NO, "TRUE", "bills = 1 AND fapiao = 1 AND NOT is_shared AND NOT is_named"
    ),
    "name_total_date": _same_total(
        "seller", DAYS_NAME, "(b.tax_no = '' OR f.tax_no = '') AND NOT b.is_proposed", "FALSE"
    ),
    "several_fapiao": _sums(of_bills=False),
    "several_bills": _sums(of_bills=True),
}


def insert(rule, uid):
    """Return the statement that creates the matches of ``rule`` for open documents, removes what they cover
    from the tables, and returns fapiao and bill of each.
    """
    return SQL(
        """
    WITH %(rule)s, made AS (
    INSERT INTO fapiao_match (fapiao_id, move_id, company_id, amount, amount_tax, seller_differs, state, rule,
                              candidates, active, confirmed_at,
                              create_uid, create_date, write_uid, write_date)
    SELECT fapiao_id, move_id, f.owner_id, amount, round(f.tax * amount / f.total, 2),
           CASE WHEN f.tax_no <> '' AND b.tax_no <> '' THEN f.tax_no <> b.tax_no
                ELSE f.seller <> '' AND b.seller <> '' AND f.seller <> b.seller END,
           CASE WHEN is_certain THEN 'confirmed' ELSE 'proposed' END, %(name)s, candidates, TRUE,
           CASE WHEN is_certain THEN now() AT TIME ZONE 'UTC' END,
           %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
      FROM found JOIN open_fapiao f ON f.id = fapiao_id JOIN open_bill b ON b.id = move_id
        ON CONFLICT DO NOTHING
    RETURNING fapiao_id, move_id, state
    ), bills AS (
        SELECT move_id, bool_or(state = 'confirmed') AS is_confirmed FROM made GROUP BY move_id
    ), without_fapiao AS (
        DELETE FROM open_fapiao f USING (SELECT DISTINCT fapiao_id FROM made) AS m WHERE f.id = m.fapiao_id
    ), without_bills AS (
        DELETE FROM open_bill b USING bills WHERE b.id = bills.move_id AND bills.is_confirmed
    ), proposed_bills AS (
        UPDATE open_bill b SET is_proposed = TRUE, is_named = b.is_named OR %(name)s = 'number'
          FROM bills WHERE b.id = bills.move_id AND NOT bills.is_confirmed
    )
    SELECT fapiao_id, move_id FROM made""",
        rule=RULES[rule],
        name=rule,
        uid=uid,
    )
