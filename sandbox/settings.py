"""Switches of the tax bureau itself, the same whichever cloud asks."""
from dataclasses import dataclass
from decimal import Decimal


@dataclass
class Settings:
    # Same id, same content, again after issue: 'text' refuses with 已成功开具发票, 'number'
    # repeats the number, 'code' says "may have been issued", 'issue' really issues twice.
    duplicate: str = 'text'
    # False: whatever is sent twice is carried out twice, at every cloud and whatever `duplicate` says.
    deduplicate: bool = True
    # 'success': told the first number of a repeated id, whatever the content; but see deduplicate.
    repeat_answers: str = 'refuse'
    show_after: int = 0                 # seconds until any query finds a new fapiao, blue or red
    total_tolerance: str = '0.00'       # |Σ line amounts − total|
    rates: tuple = ('0', '0.01', '0.015', '0.03', '0.05', '0.06', '0.09', '0.13')
    name_limit: int = 100               # vendors 100–120, officially 600
    need_buyer_tax_no: bool = False     # refuse companies without a number on 普票 as well
    summary_codes: tuple = ()           # on top of bureau/codes.py
    session_seconds: int | None = None  # a bureau session lapses after so long
    face_seconds: int | None = None     # a face authentication lapses after so long
    ticket_seconds: int = 300           # life of a QR code and of an SMS code
    query_lag: int = 0                  # seconds until a detail query finds a new fapiao
    red_lag: int = 0                    # seconds until retInviceMsg finds it (up to 2 hours)
    file_lag: int = 0                   # seconds until the files are ready
    pace_per_minute: int | None = None  # issuing calls a minute and tax number, then HTTP 429
    latency: float = 0.0                # real seconds every cloud call takes

    @property
    def rate_set(self):
        return {Decimal(rate) for rate in self.rates}
