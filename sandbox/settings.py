"""What can be turned: at the tax bureau, the same whichever cloud asks, and at each cloud."""

from dataclasses import dataclass

from .protocol import words


@dataclass
class Settings:
    # False: whatever is sent twice is carried out twice, at every cloud.
    deduplicate: bool = True
    show_after: int = 0  # seconds until any query finds a new fapiao, blue or red
    red_lag: int = 0  # seconds until retInviceMsg finds it (up to 2 hours)
    latency: float = 0.0  # real seconds every cloud call takes


@dataclass
class PiaodanyunQuirks:
    """What can be turned at 票单云. The answers are the documents' examples to the letter."""

    portal_forms: bool = True  # hzxxbsq finds forms applied for in the bureau's portal too
    # Calls that need a live bureau session.
    session_calls: tuple = words("blueTicket getFaceImg getCreditLine queryFaceAuthState retInviceMsg hzxxbsq hzfpkj")


@dataclass
class KingdeeQuirks:
    """What can be turned at 金蝶发票云. What no source answers is decided at its place, marked [?]."""

    # --- bills ---
    total_is: str = "gross"  # gross (价税合计) | flag: net where includeTaxFlag is 0, as [docs]' example
    split_amount: str = ""  # limit of a fapiao, excluding tax; empty: none
    split_lines: int | None = None  # limit of its lines
    waiting_as: str = "empty"  # [?] of a query: empty: invoiceList [] | entry: invoiceStatus 2
    callback_style: str = "bill"  # bill (5.1.03) | fapiao (5.1.02) | both
    # --- received fapiao; the success payload is in no source [?] ---
    inbound_queries: int = 0  # how many queries are answered 6910 first
    inbound_list_key: str = "invoices"  # anything: an unknown shape
    inbound_total_key: str = "total"  # "": no total
    inbound_arrivals: int = 0  # so many fapiao arrive before each page but the first
    inbound_overlap: int = 0  # a page begins with so many rows of the one before
    recorded_as: str = "direct"  # [?] success and fail at once | task: ask by taskNo


@dataclass
class AssistantQuirks:
    """What can be turned at 金蝶发票助手. The answers are the documents' examples to the letter."""

    poll_seconds: float = 10.0  # [?] real seconds a poll waits for a message
    hold_messages: bool = False  # keep them until release_messages()
    pushes: str = "both"  # [?] both: sockets and polls hear all | apart: as the page's sourceType says
