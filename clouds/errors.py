"""What can become of a call, seen from the one question that matters: did it take effect?

The engine decides by the class alone; ``code`` and ``text`` are the cloud's own words and are kept
beside the plain ones. See docs/architecture.md#errors.
"""


class CloudError(Exception):
    """Base of all. ``code`` and ``text`` are the cloud's own, empty when it said nothing.

    ``in_words_only``: the answer to an order says only in its words, not by a code that means it, that
    nothing happened. Ask by the id before the same order goes out again.
    """

    in_words_only = False

    def __init__(self, text="", code="", http_status=None):
        super().__init__(text)
        self.text = text or ""
        self.code = str(code or "")
        self.http_status = http_status

    def __str__(self):
        # of the present text: a secret may have been taken out of it, and tracebacks are logged
        return self.text or self.code or type(self).__name__

    def to(self, kind, **more):
        """Return an error of another ``kind`` with the same words."""
        return kind(self.text, self.code, self.http_status, **more)


class NotSent(CloudError):
    """The call never reached the cloud (no connection, no token): the same call may be made again, after
    ``retry_after`` seconds where that is known.
    """

    def __init__(self, text="", code="", http_status=None, retry_after=None):
        super().__init__(text, code, http_status)
        self.retry_after = retry_after


class TokenRefused(NotSent):
    """The cloud answers that it didn't read the call because of its token; the next call fetches another one."""


class FileAway(NotSent):
    """The address of a file could not be reached, which says nothing of the cloud that has named it."""


class RateLimited(NotSent):
    """The cloud turned the call away unread because of its pace; ``retry_after`` is in seconds."""

    def __init__(self, text="", code="", http_status=None, retry_after=60):
        super().__init__(text, code, http_status, retry_after)


class PaceUsedUp(RateLimited):
    """The call wasn't made, because of our own pace: a ``channel`` takes ``allowed`` calls within ``span``
    seconds (see :meth:`.client.Cloud.channel`); ``retry_after`` says when the next one may start.
    """

    def __init__(self, channel, allowed, span, retry_after):
        text = f"{allowed} calls in {span} s are allowed; try again in {retry_after} s."
        super().__init__(text, "pace", retry_after=retry_after)
        self.channel = channel
        self.allowed = allowed
        self.span = span


class NotYet(NotSent):
    """The bureau doesn't show the original yet and nothing happened: the same call may be made again
    later, after ``retry_after`` seconds. Source: docs/protocols/tax-rules.md#red-letter.
    """

    def __init__(self, text="", code="", http_status=None, retry_after=900):
        super().__init__(text, code, http_status, retry_after)


class Rejected(CloudError):
    """The cloud read the call and refused it for good; a corrected one needs a new id.

    ``problem``: of an order, the code of the row in :mod:`.refusals` that names its fault.
    """

    def __init__(self, text="", code="", http_status=None, problem=""):
        super().__init__(text, code, http_status)
        self.problem = problem


class OutcomeUnknown(CloudError):
    """The answer was lost or can't be read, or the cloud itself doesn't know.

    The effect may have happened: query by the same id, never send a new one. ``is_unclassified``: a
    readable answer to an order, of a code and text that no table knows.
    """

    def __init__(self, text="", code="", http_status=None, is_unclassified=False):
        super().__init__(text, code, http_status)
        self.is_unclassified = is_unclassified


class LoginRequired(CloudError):
    """Nothing happened because a person must act first; ``need`` says what.

    ``login``: log in to the tax bureau; ``sms``: with an SMS code; ``face``: authenticate by face;
    ``credentials``: the account's own user, password or secret is wrong;
    ``permission``: the interface isn't authorised in the cloud's portal.
    """

    def __init__(self, text="", code="", http_status=None, need="login"):
        super().__init__(text, code, http_status)
        self.need = need


class TokenExpired(CloudError):
    """The cloud's token is no longer accepted; handled inside ``clouds``: fetch a new one, once."""


class Patience:
    """Tells when a run of questions to one cloud ends early: where the next one would meet the same."""

    UNANSWERED = 3  # in a row

    def __init__(self):
        self._unanswered = 0

    def is_over(self, error=None):
        """Return whether ``error``, None for an answer, ends the run."""
        if isinstance(error, (NotSent, LoginRequired)):
            return not isinstance(error, FileAway)
        is_answered = not isinstance(error, OutcomeUnknown) or error.http_status is not None
        self._unanswered = 0 if is_answered else self._unanswered + 1
        return self._unanswered >= self.UNANSWERED
