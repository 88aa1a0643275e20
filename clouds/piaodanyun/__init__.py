"""票单云 (piaodanyun): the basic edition of its 数电票 interface."""

from .client import Piaodanyun

__all__ = ["Piaodanyun"]
