"""The pieces every 票单云 call is made of: its answer, its exchange, its declaration."""
import hashlib
import json
from dataclasses import dataclass

from ..errors import Refused
from ..records import request_key


@dataclass
class Answer:
    data: object = None
    text: str = '成功'
    code: int = 200
    both: bool = False          # message beside msg, as in some of the paper's examples
    total: int | None = 0       # None: the key is missing, as in obtainToken
    status: int = 200


@dataclass
class Call:
    name: str
    handle: object              # function(exchange) → Answer
    fields: tuple = ()          # the form keys the paper lists
    required: tuple = ()        # those it marks 必选
    method: str = 'POST'
    needs_token: bool = True
    lines: bool = False         # takes fyxm[n][…]
    subject: str = 'nsrsbh'     # the key that holds the tax number


class Exchange:
    """One call under way: what was asked, and where."""

    def __init__(self, world, call, request, form):
        self.world = world
        self.call = call
        self.request = request
        self.form = form        # flat: 'fyxm[0][spmc]' → text
        self.defer = None       # a fault that makes the bureau accept now and issue later

    @property
    def quirks(self):
        return self.world.piaodanyun

    @property
    def tax_no(self):
        return self.text(self.call.subject)

    @property
    def uid(self):
        return self.text('fpqqlsh')

    @property
    def tenant(self):
        """Whose orders the caller knows: empty for the taxpayer's first tenant."""
        token, taxpayer = getattr(self, 'token', None), self.world.taxpayer(self.tax_no)
        return '' if token is None or token.tenant_id == taxpayer.tenant_id else str(token.tenant_id)

    @property
    def order(self):
        """What is known of the request id."""
        return self.world.requests.get(request_key(self.uid, self.tenant))

    @property
    def username(self):
        return self.text('username')

    def text(self, key, default=''):
        return self.form.get(key, default)

    def demand(self, *keys):
        for key in keys:
            if not self.text(key):
                raise Refused(f'参数{key}不能为空')

    def digest(self):
        """Tells a repeated request from a changed one."""
        content = json.dumps(sorted(self.form.items()), ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()
