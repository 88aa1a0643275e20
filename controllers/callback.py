"""Where the clouds call us back. What is pushed is stored and answered; what it means is found out later."""

import logging
import re

from werkzeug.exceptions import RequestEntityTooLarge

from odoo import http
from odoo.http import request

from ..models.fapiao_callback import CALLBACKS

MOST = 2**20  # bytes
IN_LOG = re.compile(r"(/invoice_cloud/callback/[^/\s]+/)[^\s?#\"]+")


def read_body(_controller):
    """Read the body and return how long it may be.

    Odoo asks for the limit before it looks for form fields in the body. Some senders call their JSON a
    form: unless the body is kept at this point, nothing of it would be left.
    """
    httprequest = request.httprequest
    if (httprequest.content_length or 0) > MOST:
        raise RequestEntityTooLarge
    # for a body that comes without a length; what is longer than this would be cut off without a word
    httprequest.max_content_length = MOST + 1
    if len(httprequest.get_data(cache=True)) > MOST:
        raise RequestEntityTooLarge
    return MOST


class FapiaoCallback(http.Controller):
    @http.route(
        "/invoice_cloud/callback/<string:provider>/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=read_body,
    )
    def receive(self, provider, token, **_unused):
        """Store what a cloud pushes and answer as it wants to hear it.

        404, and nothing else, for whatever is wrong: a stranger must not learn what was right.
        """
        caller = request.httprequest.remote_addr
        account = request.env["fapiao.account"]._called_back(provider, token, caller)
        if not account:
            return request.make_response("Not Found", [("Content-Type", "text/plain")], status=404)
        request.env["fapiao.callback"]._take(account, request.httprequest.get_data(), caller)
        return request.make_json_response(CALLBACKS[provider].answer(True, "success"))


class HideTokens(logging.Filter):
    """Keeps the tokens out of the web server's log: whoever reads it could call in the cloud's name."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(
                IN_LOG.sub(r"\1***", arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True


logging.getLogger("werkzeug").addFilter(HideTokens())
