"""Where 票单云's answers are known to vary: one switch per quirk (docs/protocols/piaodanyun.md).

The defaults are the paper's examples to the letter.
"""
from dataclasses import dataclass


@dataclass
class Quirks:
    # obtainToken: no document shows the successful answer.
    token_style: str = 'data'           # data | data.token | data.access_token
    token_code: int = 401               # 401 | 2004 | 2005 for a bad token, always HTTP 200
    token_seconds: int = 7200
    single_token: bool = False          # a new token ends the tenant's earlier ones
    token_body: str = 'any'             # form | json | any: the example shows JSON
    phone_key: str = 'any'              # phone (table) | phone_email (example) | any
    # the envelope
    code_as: str = 'int'                # int | str
    text_key: str = 'seed'              # seed (per call) | msg | message | both
    total: bool = True                  # the key "total" is there
    # the data
    number_key: str = 'Fphm'            # Fphm | fphm, of blueTicket (with Kprq | kprq)
    face_source_key: str = 'emwly'      # emwly | ewmly
    dates: str = 'seed'                 # seed | dashed | compact
    numbers: str = 'seed'               # seed (mixed) | str | number
    drop_keys: tuple = ()               # keys missing from every data object
    face_keys: str = 'example'          # example (Yjjb, Sxlb) | text (yjjb, Slxb)
    login_qr_key: str = 'ewm'           # key of the base64 picture of loginDppt
    login_qr_prefix: bool = False       # data:image/png;base64,…
    # the behaviour
    face_due_as: str = 'code'           # code 430 | payload: 200 with a QR and no number
    red_exists: str = 'text'            # hzfpkj on a form that has its red fapiao: text | data: 310, and
                                        # the answer carries that fapiao
    portal_forms: bool = True           # hzxxbsq finds forms applied for in the bureau's portal too
    strict_keys: bool = True            # refuse form keys the documents don't know
    session_calls: tuple = (            # calls that need a live bureau session
        'blueTicket', 'getFaceImg', 'getCreditLine', 'queryFaceAuthState',
        'retInviceMsg', 'hzxxbsq', 'hzfpkj')
