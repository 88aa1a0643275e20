"""Tokens and bureau sessions, the same at every cloud."""

import uuid
from datetime import timedelta

from .protocol import Refused
from .records import Token

SECONDS = 7200  # how long tokens and keys live: "about two hours" in one cloud's documents, unsaid elsewhere


def new_token(world, kind, owner, user="", prefix=""):
    """`kind`: what it is good for; `owner`: the tenant or client it was given to."""
    expires = world.clock.now() + timedelta(seconds=SECONDS)
    token = Token(prefix + uuid.uuid4().hex, kind, owner, expires, user)
    world.tokens[token.text] = token
    return token


def demand_token(world, text, kind, unknown, expired):
    """The token of this text and kind; otherwise raises one of the two refusals."""
    token = world.tokens.get(text)
    if token is None or token.kind != kind:
        raise unknown
    if token.expires_at <= world.clock.now():
        raise expired
    return token


def expire(world, each):
    """Token or user key: good for nothing any more."""
    if each is not None:
        each.expires_at = world.clock.now() - timedelta(seconds=1)


def demand_session(user, texts, code=999):
    """`texts`: state of a bureau account → what the cloud says of it, with or without a code."""
    said = texts.get(user.session)
    if said is not None:
        raise Refused(*said) if isinstance(said, tuple) else Refused(said, code)
