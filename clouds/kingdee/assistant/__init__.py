"""金蝶发票助手 (Kingdee's expense assistant): its pages, its messages, its tickets and what it is told."""

from .auth import sign
from .client import Assistant
from .options import Options

__all__ = ["Assistant", "Options", "sign"]
