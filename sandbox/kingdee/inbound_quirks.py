"""Where 金蝶发票云 is feared to vary in what it tells of received fapiao. Part of quirks.Quirks."""

from dataclasses import dataclass


@dataclass
class InboundQuirks:
    inbound_success_code: str = '0000'  # the paper's
    # --- tasks ---
    inbound_seconds: int = 0  # of the sandbox's clock until a task is ready; 6910 before
    inbound_queries: int = 0  # how many queries are answered 6910 first
    inbound_task_seconds: int | None = None  # [?] a task number is forgotten after so long
    inbound_today: str = 'refuse'  # [?] a window that reaches today: refuse | skip: without today's
    inbound_direct: tuple = ()  # tax numbers on the direct channel (乐企): no headers, two years
    full_interface: str = 'invoiceDownFull'  # [?] in no paper
    full_per_month: int = 5  # docs/protocols/kingdee-inbound.md#limits
    # --- the list; its success payload is in no source [?] ---
    # invoices | list | data | rows | records | '': a bare array | a.b: nested | anything: an unknown shape
    inbound_list_key: str = 'invoices'
    inbound_total_key: str = 'total'  # total | totalElement | totalCount | '': no total
    inbound_totals_as: str = 'int'  # int | str
    inbound_order: str = 'newest'  # newest | oldest first
    inbound_max_page: int = 200  # a bigger pageSize is refused
    # --- its rows ---
    inbound_seller_keys: str = 'saler'  # salerName (inbound) | seller | saller (the assistant)
    inbound_number_key: str = 'invoiceNo'  # invoiceNo | etaxInvoiceNo: of digital ones | invoiceNum
    inbound_numbers: str = 'str'  # amounts as texts (the paper) | number
    inbound_dates: str = 'day'  # 2026-01-31 | time: 2026-01-31 00:00:00
    inbound_drop_keys: tuple = ()  # keys missing from every row
    # --- pages that don't hold still ---
    inbound_live: bool = False  # pages show the pool as it is, not as it was when the task began
    inbound_arrivals: int = 0  # so many fapiao arrive before each page but the first
    inbound_overlap: int = 0  # a page begins with so many rows of the one before
    # --- booking and deduction ---
    recorded_as: str = 'direct'  # [?] success and fail at once | task: ask by taskNo
    select_as: str = 'task'  # task ([docs]) | direct
    select_flag: str = '1'  # [?] authenticateFlag of a selection,
    unselect_flag: str = '0'  # [?] and of taking it back
    fail_text_key: str = 'message'  # [?] under which a failed one says why
    batch_limit: int = 500  # [?] fapiao a call
