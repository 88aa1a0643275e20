"""The bureau's ledger of what was issued, flat, to be compared with the books of the seller."""

from ..protocol import renamed


def rows(world, tax_no=None):
    """One plain dict a fapiao, in the order of issue; of one seller or of all."""
    partly = {each.original for each in world.fapiao.values() if each.red}
    return [_row(each, partly) for each in world.fapiao.values() if tax_no in (None, each.seller_no)]


def _row(fapiao, partly):
    return {
        **renamed("number cloud tenant seller_tax_no=seller_no buyer_tax_no=buyer_no original", fapiao),
        "uid": _uid(fapiao),
        "color": "red" if fapiao.red else "blue",
        "status": _status(fapiao, partly),
        "total": f"{fapiao.gross:.2f}",
        "tax": f"{fapiao.tax:.2f}",
        "issued_at": fapiao.issued_at.isoformat(),
    }


def _uid(fapiao):
    """What the caller called the order; nothing where people at the bureau issued it."""
    if not fapiao.cloud:
        return ""
    return ",".join(fapiao.bills) or fapiao.request


def _status(fapiao, partly):
    if fapiao.reversed_by:
        return "reversed"
    return "partly_reversed" if fapiao.number in partly else "normal"
