"""What 票单云 says around reversals. Data only; [family] marks what the paper doesn't say.

Source: docs/protocols/piaodanyun.md#red-letter. Every text is an assumption: the paper shows successes only.
"""

import re

from ...rules.red_document import BUYER, SELLER

SIDES = {SELLER: "2", BUYER: "3"}  # sqyy
PAPER = "1"  # sdfpbz
APPLY_ANEW = "1"  # hzxxbcheck: go to the bureau without looking for a form applied for before

# Use by the buyer. The paper has the unused ones; 00 and 01 of VAT use mean "ticked" and "confirmed" to
# a public client of the bureau, which also saw 03 for a confirmed one. Whatever else is said is use.
VAT_UNUSED = {"03"}  # ZzsytDm
CONSUMPTION_UNUSED = {"00"}  # XfsytDm
UNBOOKED = {"00"}  # FprzztDm

# "It may not be reversed", in the message of an answer that is a success by its code
REFUSED = re.compile(
    r"不(?:可|能|允许|得|支持|予)|无法|禁止|失败|没有可红冲|(?<!未)已.{0,8}(?:红冲|冲红|开负数|作废)"
)
