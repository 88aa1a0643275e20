"""Brings what 金蝶发票云 wants to tell, in any order, twice, or made up; the sandbox only keeps it."""

from odoo.addons.l10n_cn_invoice_cloud.sandbox.kingdee import callbacks
from odoo.addons.l10n_cn_invoice_cloud.sandbox.protocol import dump

ORDERS = ("sent", "reversed", "twice", "forged")


def are_held(stage):
    return any(each.state == "held" for world in stage.worlds for each in world.deliveries.values())


def bring(stage, order):
    """Deliver what is held; return how many callbacks were taken in."""
    bodies = []
    for world in stage.worlds:
        with world.acting():
            if order == "forged":
                for bill in list(world.bills.values())[-1:]:
                    world.forge_callback(bill.number, invoiceNum="26319999999999999999", invoiceStatus="0")
            held = [each for each in world.deliveries.values() if each.state in ("held", "waiting")]
            bodies += [dump(callbacks.wire_body(each)) for each in held]
            for each in held:
                each.state = "delivered"
    if order == "reversed":
        bodies.reverse()
    if order == "twice":
        bodies = [body for body in bodies for _time in range(2)]
    if bodies:
        with stage.registry.cursor() as cr:
            env = stage.env(cr)
            account = env["fapiao.account"].browse(stage.account_ids["kingdee"])
            for body in bodies:
                env["fapiao.callback"]._take(account, body, "127.0.0.1")
    return len(bodies)
