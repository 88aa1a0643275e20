"""Where 金蝶发票云 is known, or feared, to vary: one switch per question (docs/protocols/kingdee-billing.md).

What no source answers is decided here and nowhere else; each such line says so with [?].
"""
from dataclasses import dataclass

from .inbound_quirks import InboundQuirks


@dataclass
class Quirks(InboundQuirks):
    # --- logging in ---
    secret_key: str = 'any'             # appSecret ([docs]) | appSecuret (the paper) | any
    app_token_seconds: int = 7200
    token_seconds: int = 7200           # "about two hours" [docs]
    single_token: bool = False          # [?] a new access_token ends the user's earlier ones
    token_in: str = 'any'               # query | header | any ([docs] show both); both must agree
    token_code: str = '401'             # [?] errorCode of a bad access_token
    token_status: int = 200             # [?] its HTTP status
    # The paper heads both an unopened interface and an expired token 未进行接口授权.
    expired_as_unauthorised: bool = False
    calls_per_minute: int | None = None     # per tenant; more are answered 429
    # --- the envelope ---
    success_code: str = '0'             # 0 (billing) | 0000 (inbound)
    failure_code: str = '9999'          # [?] of every refusal without a code of its own
    success_as: str = 'bool'            # bool (the paper) | str ([docs]' table)
    data_as: str = 'base64'             # base64 (the paper) | plain: an object or an array
    empty_data: str = 'missing'         # [?] missing | null | text: ''
    drop_keys: tuple = ()               # keys missing from every envelope, like status
    request_id: str = 'digits16'        # digits16 (the protocol) | any (the paper sends "1")
    request_id_unique: bool = True      # [?] refuse one that was used
    request_data: str = 'base64'        # base64 | any: an object or array is read as well
    known_systems: bool = True          # [?] refuse an unknown businessSystemCode
    strict_keys: bool = True            # refuse bill keys the documents don't know
    # --- bills ---
    total_is: str = 'gross'             # gross (价税合计, the paper's error 3) | flag: net where
                                        # includeTaxFlag is 0, as [docs]' example | either
    push_all_or_none: bool = False      # [?] one bad bill of a push spoils the others
    push_list: bool = True              # [?] the answer lists what became of each bill
    repeated_push: str = 'refuse'       # [?] same number, same content: refuse | accept again
    reusable_after: tuple = ('withdrawn', 'returned')   # states after which a number is free [?]
    issue_delay: int = 0                # seconds until an automatic bill is issued
    issue_queries: int | None = None    # or at the n-th query instead
    split_amount: str = ''              # limit of a fapiao, excluding tax; empty: none
    split_lines: int | None = None      # limit of its lines
    split_by_rate: bool = False
    auto_merge: bool = False            # bills with autoMerge of one buyer become one fapiao
    merge_seconds: int = 0              # how long they wait for each other; 0: within a push
    withdraw_all_or_none: bool = False  # [?]
    withdraw_list: bool = True          # [?] False: only the envelope's message tells
    # --- what a query tells ---
    unknown_bill: str = 'error'         # [?] error | empty: success and []
    waiting_as: str = 'empty'           # [?] empty: invoiceList [] | entry: invoiceStatus 2
    returned_as: str = 'error'          # [?] error with the reason | unknown | entry
    number_key: str = 'invoiceNum'      # invoiceNum | invoiceNo | etaxInvoiceNo
    query_lines_key: str = 'goods'      # goods ([docs]) | invoiceDetail
    callback_lines_key: str = 'invoiceDetail'
    numbers: str = 'docs'               # docs: amounts as numbers, prices as text | str
    check_code: bool = False            # a digital fapiao has none
    reds_listed: bool = False           # [?] the red ones stand in the bill's invoiceList too
    red_status: str = '0'               # [?] invoiceStatus of a red fapiao itself: 0 | 3
    merged_bill_no: str = 'each'        # [?] of a merged fapiao: each bill's own | joined: A,B
    # --- red ---
    red_answer: str = 'fapiao'          # [?] fapiao: with the number | accepted: without
    # --- callbacks ---
    callback_url: str = ''              # for systems without an address of their own (set_callback_url)
    callback_style: str = 'bill'        # bill (5.1.03) | fapiao (5.1.02) | both | system: by bill
                                        # where the system's code starts with 3std1 [docs]
    callback_data: str = 'base64'       # base64 ([docs]) | plain
    callback_delay: int = 0             # seconds of the sandbox's clock before the first attempt
    callback_intervals: tuple = (0, 5, 30, 120, 600)    # [?] before each attempt; then it gives up
    callback_timeout: float = 10.0      # real seconds
    callback_ack: str = 'exact'         # exact: the documented answer | success: true is enough
    hold_callbacks: bool = False        # keep them until release_callbacks()
    return_interface: str = 'BILL.RETURN'   # [?] interfaceCode of 5.1.01
