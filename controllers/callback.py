"""Callback address of the clouds: bodies are stored and acknowledged here, and processed later."""

import logging
import re

from werkzeug.exceptions import RequestEntityTooLarge, abort

from odoo import http
from odoo.http import request

from ..clouds.registry import callbacks_of

MOST = 2**20  # bytes
IN_LOG = re.compile(r"(/invoice_cloud/callback/[^/\s]+/)[^\s?#\"]+")


def admit_and_read(_controller):
    """Reject callers without a valid token before reading; else read the body and return its maximum length.

    Odoo calls this before it parses form fields of the body: the first moment at which the database is known.
    Some senders declare their JSON as a form, so the body must be read here to be kept.
    """
    httprequest = request.httprequest
    account = called_account(*httprequest.path.rsplit("/", 2)[1:])
    if not account:
        abort(not_found())
    # an id: the environment may be another one by the time the callback is stored
    request.fapiao_account_id = account.id
    if (httprequest.content_length or 0) > MOST:
        raise RequestEntityTooLarge
    # a body without a length is cut off silently beyond this limit
    httprequest.max_content_length = MOST + 1
    if len(httprequest.get_data(cache=True)) > MOST:
        raise RequestEntityTooLarge
    return MOST


def called_account(provider, token):
    return request.env["fapiao.account"]._called_back(provider, token, request.httprequest.remote_addr)


def not_found():
    """Return 404 for every error, so that the caller can't distinguish a wrong token from a wrong address.
    The rest of the request isn't read.
    """
    return request.make_response("Not Found", [("Content-Type", "text/plain"), ("Connection", "close")], status=404)


class FapiaoCallback(http.Controller):
    @http.route(
        "/invoice_cloud/callback/<string:provider>/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        max_content_length=admit_and_read,
    )
    def receive(self, provider, **_unused):
        """Store what a cloud pushes and answer in its own format."""
        # sudo: the caller has no user in Odoo; its token was checked before the body was read
        account = request.env["fapiao.account"].sudo().browse(request.fapiao_account_id)
        body, caller = request.httprequest.get_data(), request.httprequest.remote_addr
        request.env["fapiao.callback"]._take(account, body, caller)
        return request.make_json_response(callbacks_of(provider).answer(True, "success"))


class HideTokens(logging.Filter):
    """Removes the tokens from the web server's log, since they allow calls in the cloud's name."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(IN_LOG.sub(r"\1***", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


logging.getLogger("werkzeug").addFilter(HideTokens())
