"""金蝶发票助手 (Kingdee's expense assistant): its pages, its messages, its tickets and the updates sent to it."""

from .auth import sign
from .client import Assistant

__all__ = ["Assistant", "sign"]
