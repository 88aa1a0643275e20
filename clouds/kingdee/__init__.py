"""金蝶发票云 旗舰版 (Kingdee, piaozone): billing requests (开票申请单), their callbacks, and reversals."""

from .client import Kingdee

__all__ = ["Kingdee"]
