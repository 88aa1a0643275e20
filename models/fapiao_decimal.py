"""The one way from the ORM's floats to the rules' decimals."""

from decimal import Decimal

from odoo.tools import float_repr


def exact(value, digits=2):
    """Return a float of the ORM as the ``Decimal`` it stands for, with ``digits`` places."""
    return Decimal(float_repr(value or 0.0, digits))


def shortest(value):
    """Return a float without fixed places, such as a price, as the shortest ``Decimal`` that is read back
    as the same float: what was typed in."""
    return Decimal(repr(float(value or 0.0)))
