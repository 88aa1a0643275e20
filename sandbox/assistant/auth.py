"""Who is calling: the signature, the access token, the keys of links and users."""

import hashlib
import re
import time
import uuid
from datetime import timedelta

from ..auth import SECONDS, demand_token, new_token
from ..errors import Refused
from ..protocol import Answer
from .exchange import CLIENT, TOKEN
from .records import UserKey

BAD_TOKEN = ("access_token无效或已过期", TOKEN)
BAD_USER_KEY = ("userKey无效或已过期", TOKEN)
BILL_TYPES = ("", "Tra", "Pur", "BizOut")


# --- checks ---


def authorise(exchange):
    if exchange.trouble:
        raise Refused(exchange.trouble)
    exchange.check_lengths()
    kind = exchange.call.auth
    if kind == "voucher":
        # The documents show no credentials there at all: they are checked where there are any.
        given = "token" if exchange.request.args.get("access_token") else "none"
        kind = "sign" if exchange.text("sign") else given
    if kind == "sign":
        check_sign(exchange)
    elif kind == "token":
        text, bad = exchange.request.args.get("access_token", ""), Refused(*BAD_TOKEN)
        exchange.token = demand_token(exchange.world, text, "assistant", bad, bad)
    if kind == "user_key" or (kind == "sign" and exchange.text("userKey")):
        exchange.user = user_key(exchange.world, exchange.text("userKey"))


def signature(client, stamp):
    """MD5(client_id + client_secret + timestamp) in lower-case hex, the timestamp in milliseconds."""
    return hashlib.md5(f"{client.client_id}{client.secret}{stamp}".encode()).hexdigest()


def check_sign(exchange):
    exchange.demand("client_id", "timestamp", "sign")
    client, stamp = exchange.world.assistant_clients.get(exchange.text("client_id")), exchange.text("timestamp")
    if client is None:
        raise Refused("client_id不存在或未授权", CLIENT)
    if not re.fullmatch(r"\d{13}", stamp):
        raise Refused("timestamp应为13位毫秒时间戳", CLIENT)
    if exchange.text("sign") != signature(client, stamp):
        raise Refused("签名校验失败", CLIENT)
    # Real time: a test that lets the sandbox's clock run on must still be let in.
    if abs(time.time() - int(stamp) / 1000) > SECONDS:
        raise Refused("时间戳已过期,请检查服务器时间", CLIENT)
    if exchange.tax_no and exchange.tax_no not in client.tax_nos:
        raise Refused(f"企业税号{exchange.tax_no}未授权", CLIENT)
    exchange.client = client


def user_key(world, text):
    found = world.user_keys.get(text)
    if found is None or found.expires_at <= world.clock.now():
        raise Refused(*BAD_USER_KEY)
    return found


# --- the calls ---


def obtain_token(exchange):
    token = new_token(exchange.world, "assistant", exchange.client.client_id)
    return Answer(bare=True, extra={"access_token": token.text})


def link_key(exchange):
    return Answer(uuid.uuid4().hex)


def give_user_key(exchange):
    exchange.demand("tin", "eid", "bxd_key", "random", "ticketParam", "ghf_mc")
    for key in ("billNumber", "billType"):  # may be empty, not missing
        if key not in exchange.body:
            raise Refused(f"缺少参数{key}")
    if not re.fullmatch(r"[01]{4,5}", exchange.text("ticketParam")):
        raise Refused("ticketParam格式不正确,应为5位0或1")
    if exchange.text("billType") not in BILL_TYPES:
        raise Refused(f'billType"{exchange.text("billType")}"不存在')
    text = exchange.text
    made = UserKey(
        text=uuid.uuid4().hex,
        client_id=exchange.client.client_id,
        expires_at=exchange.world.clock.now() + timedelta(seconds=SECONDS),
        eid=text("eid"),
        tin=text("tin"),
        title=text("ghf_mc"),
        bxd_key=text("bxd_key"),
        bill_number=text("billNumber"),
        bill_type=text("billType"),
        # "格式如:1101": without the fifth digit nothing personal is let in.
        ticket_param=text("ticketParam").ljust(5, "0"),
        random=text("random"),
        branch_id=text("branch_id"),
        serials=split(text("invoiceSerialNos")),
        buyer_account=text("buyerAccount"),
        buyer_address=text("buyerAddressPhone"),
    )
    exchange.world.user_keys[made.text] = made
    return Answer({"userKey": made.text})


def split(text):
    return [each.strip() for each in text.split(",") if each.strip()]
