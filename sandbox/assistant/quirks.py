"""Where 金蝶发票助手 is known, or feared, to vary: one switch per question (docs/protocols/kingdee-assistant.md).

The defaults are the paper's examples to the letter; what it doesn't answer is decided here, marked [?].
"""
from dataclasses import dataclass


@dataclass
class Quirks:
    # --- the signature, the token, the keys ---
    sign_seconds: int = 7200            # [?] a timestamp further off is refused
    clock_skew: int = 0                 # seconds by which the assistant's own clock is off
    token_seconds: int = 7200           # [?]
    token_place: str = 'top'            # top (the sample code) | data: inside an object | data_text
    user_key_seconds: int = 7200        # [?]
    link_keys_known: bool = False       # [?] refuse keys getLinkKey didn't give (a sample's bxd_test1)
    demand_title: bool = True           # getUserKey's table demands ghf_mc; its sample code omits it
    own_companies: bool = True          # [?] refuse tax numbers that aren't the client's
    voucher_auth: str = 'any'           # [?] the voucher calls show neither: any: checked where
                                        # given | token | sign | none
    # --- the envelope ---
    success_code: str = '0000'
    failure_code: str = '3000'          # the paper's example of entry/cache
    client_code: str = '3001'           # [?] unknown client_id, wrong signature, timestamp far off
    token_code: str = '3002'            # [?] access_token or userKey unknown or expired
    claimed_code: str = '3003'          # [?] a ticket that another document uses
    zero_on_failure: bool = False       # "0000" in failures too, as the paper prints for four calls
    code_as: str = 'str'                # str | int
    # --- messages ---
    poll_seconds: float = 10.0          # [?] real seconds a poll waits for a message
    poll_empty: str = 'code'            # [?] nothing came: code | null: 0000, no data | object: 0000, {}
    poll_empty_code: str = '1001'       # [?]
    message_as: str = 'text'            # [?] the paper prints a text there: text (of JSON) | object
    newest_first: bool = False          # of several messages, the last one first
    hold_messages: bool = False         # keep them until release_messages()
    message_delay: int = 0              # seconds of the sandbox's clock before a message can be polled
    socket_only: bool = True            # [?] a page opened without sourceType=polling reaches sockets only
    serials: str = 'hex'                # hex (33 characters) | number: of new tickets, told as JSON number
    number_key: str = 'billnumber'      # billnumber | billNumber
    spelling: str = 'seed'              # seed: goodsCood, sallerName, stationGeton | right
    entries_list: str = 'seed'          # seed: an object for one ticket, else an array | array | object
    tra_list: bool = True               # the redundant traList of saveEntrys
    payee_rows: str = 'joined'          # [?] BizOut: one row a payee, serial numbers with commas | ticket
    amounts: str = 'seed'               # seed: numbers in messages, text in details | str | number
    empty_as: str = 'text'              # [?] details' keys without a value: text: '' | null | missing
    moments: str = 'seed'               # yyyy:MM:dd HH:mm:ss (seed) | dashed
    # --- tickets and documents ---
    unknown_serial: str = 'missing'     # [?] of a details query: missing from the answer | error
    unknown_document: str = 'empty'     # [?] of invoices/query: empty | error
    strict_voucher: bool = True         # [?] refuse vouchers over unknown documents and tickets
