"""Who may call which public method, and who may write which field; held by ``test_security_gates``.

A rule names the kinds of user that it lets through. ``stranger`` is a manager of another company, and is let through
only where no document or company is touched. Overrides of Odoo's own methods keep the checks of what they override.
"""

_INVOICER = {"invoicer", "issuer", "manager", "administrator"}
_MANAGER = {"manager", "administrator"}

USERS = {
    "nobody": set(),  # of these; products, taxes and contacts are other people's
    "own": {"employee"},  # of their own expenses and visits
    "internal": {"employee", "stranger", "auditor"} | _INVOICER,  # whose expenses, record rules say
    "reader": {"auditor"} | _INVOICER,
    "listing": {"auditor", "stranger"} | _INVOICER,  # what they may not read is left out
    "invoicer": _INVOICER,
    "issuer": {"issuer"} | _MANAGER,
    "manager": _MANAGER,
    "setup": {"stranger"} | _MANAGER,  # shared by all companies
    "administrator": {"administrator"},
    "everybody": {"public", "portal", "employee", "stranger", "auditor"} | _INVOICER,
}

PICK = (
    "action_fapiao_pick action_fapiao_pick_list action_fapiao_pick_line action_fapiao_pick_adjust"
    " action_fapiao_pick_compare action_fapiao_pick_take_over"
)
ISSUED_FOR = "action_fapiao_withdraw action_fapiao_refresh action_fapiao_login action_fapiao_send_again"
SHOWN_FOR = "action_fapiao_files action_fapiao_open action_fapiao_requests"

# {rule: {model: names of methods}}
METHODS = {
    "own": {
        "fapiao.pick": "open_page follow close look_again move_ticket",
        "fapiao.pick.message": "action_apply",
        "hr.expense": PICK,
    },
    "reader": {
        "account.move": f"{SHOWN_FOR} action_fapiao_in_open action_fapiao_red_forms",
        "fapiao": "action_download action_open_business_doc action_red_forms",
        "fapiao.account": "action_show_credit action_show_waiting action_show_pulls",
        "fapiao.match": "action_open_document action_open_fapiao",
        "fapiao.pull": "action_show_new",
        "fapiao.purchase": "action_open_fapiao",
        "fapiao.red.form": "action_follow action_open_business_doc",
        "fapiao.assistant.update": "action_open_document",
        "fapiao.request": "action_follow action_open_business_doc",
        "fapiao.sales.report": "action_open_document",
        "sale.order": f"{SHOWN_FOR} action_fapiao_red_forms",
    },
    "listing": {"fapiao.red.form": "follow", "fapiao.request": "follow"},
    "invoicer": {
        "account.move": f"{PICK} action_fapiao_in_confirm action_fapiao_in_search action_fapiao_take_bank"
        " action_fapiao_line_codes",
        "account.move.line": "action_fapiao_pick_line action_fapiao_pick_adjust",
        "fapiao.archive": "action_start",
        "fapiao": "action_create_bill action_match action_match_documents action_turn_out",
        "fapiao.match": "action_confirm action_undo action_pick_show action_pick_edit action_pick_remove",
        "fapiao.match.bill": "action_create",
        "fapiao.match.wizard": "action_add action_confirm action_create_bill",
        "fapiao.match.wizard.line": "action_confirm action_open_document action_undo",
        "fapiao.purchase": "action_match",
    },
    "issuer": {
        "fapiao.archive": "action_fetch_missing",
        "account.move": f"{ISSUED_FOR} action_fapiao_issue action_fapiao_issue_options action_fapiao_merge"
        " action_fapiao_red",
        "fapiao": "action_deduct action_fetch_files action_red action_refresh action_send_again action_take_in",
        "fapiao.account": "action_ask_bureau action_face action_login action_move_unsent action_pull action_pull_days"
        " action_red_forms action_refresh_credit action_test_assistant action_test_connection",
        "fapiao.callback": "action_replay",
        "fapiao.deduction": "action_confirm",
        "fapiao.issue": "action_check action_decide action_issue action_merge",
        "fapiao.issue.problem": "action_open",
        "fapiao.login": "action_back action_confirm action_start poll",
        "fapiao.marking": "action_retry action_withdraw",
        "fapiao.order.request": "action_check action_request",
        "fapiao.order.request.problem": "action_open",
        "fapiao.pull": "action_restart action_run",
        "fapiao.pull.wizard": "action_pull",
        "fapiao.find": "action_find action_pull",
        "fapiao.red.flush": "action_apply action_ask action_login",
        "fapiao.take.in": "action_take_in",
        "fapiao.send": "action_send",
        "fapiao.red.form": "action_apply_again action_ask action_issue_red action_login action_withdraw",
        "fapiao.assistant.update": "action_retry action_tell_again",
        "fapiao.request": "action_login action_move action_retry action_withdraw",
        "fapiao.request.move": "action_move",
        "sale.order": f"{ISSUED_FOR} action_fapiao_red action_fapiao_request",
    },
    "manager": {
        "fapiao": "action_unlink_invoices",
        "fapiao.account": "action_archive_anyway action_replace",
        "fapiao.account.replace": "action_leave action_replace",
        "fapiao.red.form": "action_decide_ask_again action_decide_not_applied",
        "fapiao.request": "action_decide_ask_again action_decide_not_issued",
    },
    "setup": {
        "fapiao.tax.code.import": "action_import",
        "fapiao.tax.code.update": "action_apply action_show_categories action_show_lines action_show_products",
    },
    "administrator": {
        "product.category": "action_fapiao_take_suggestion",  # who may change products
        "product.template": "action_fapiao_take_suggestion",
        "fapiao.account": "action_rotate_callback_token",
        "res.config.settings": "action_create_fapiao_taxes action_open_fapiao_account",
    },
    "everybody": {"res.partner": "check_vat_cn"},  # looks at its argument alone
}

# what a dialog takes of how the cloud handles a request
_WISHES = "issue_at_once may_merge organisation paper_code paper_number priority"
# what all outbound models keep of their calls
_OUTBOUND = (
    "account_id asked_first cloud_code cloud_text company_id error_fix error_message hinted_at identity"
    " in_doubt is_asking_first lease_until lookup_number next_try_at operation payload payload_hash"
    " queued_at request_uid resends state tries unknown_since user_id was_sent watch_at watch_round"
)

# {model: {rule: names of the fields that keep what is written to them}}
FIELDS = {
    "account.journal": {
        "nobody": "fapiao_account_id fapiao_voucher_word",  # of these kinds
    },
    "account.move": {
        "invoicer": (
            "fapiao_account_id fapiao_advance fapiao_advance_code_id fapiao_cover_number fapiao_drawer"
            " fapiao_element_ids fapiao_form fapiao_output_reason fapiao_remark fapiao_small_scale_reason"
            " fapiao_type fapiao_voucher_ids"
        ),
        "nobody": (
            "fapiao_amount_open fapiao_checked_by_id fapiao_ids fapiao_in_numbers fapiao_in_state fapiao_in_stated"
            " fapiao_match_ids fapiao_turned_out_id"
            " fapiao_numbers fapiao_posted_by_id fapiao_red_form_ids"
            " fapiao_update_ids fapiao_request_ids fapiao_request_line_ids fapiao_state"
        ),
    },
    "account.move.line": {
        "invoicer": "fapiao_tax_code_id",
        "nobody": "fapiao_request_line_ids",
    },
    "account.tax": {
        "nobody": "fapiao_levy fapiao_policy fapiao_zero_kind",
    },
    "fapiao": {
        "nobody": (
            "account_id amount_tax amount_total amount_untaxed booking buyer_bank buyer_address buyer_name"
            " buyer_tax_no certified_at check_code check_status claim_state consumption currency_rate"
            " currency_rate_day details_state details_text details_tries details_try_at eticket_no filling_unit"
            " foreign_currency foreign_total image_address image_id is_proxy is_revised original_image_address"
            " original_image_id place sales_unit_code selected_at seller_bank seller_address"
            " tax_authority tax_rate ticket_no unit_price"
            " checked_at code color company_id deductible deduction deduction_period direction drawer"
            " files_state files_text files_tries files_try_at issue_date issued_at line_ids looked_at"
            " marking_line_ids match_amount match_ids match_state move_ids number ofd_address ofd_id order_ids"
            " original_id original_number partner_id payee pdf_address pdf_id pull_id red_form_ids red_ids"
            " refresh_at refresh_callback_ids refresh_is_look refresh_itself refresh_red refresh_tries remark"
            " request_ids reviewer seller_name seller_tax_no serial_no short_number status"
            " status_at travel_arrives"
            " travel_departs travel_fare travel_from travel_fund travel_insurance travel_mileage"
            " travel_other_taxes travel_passenger travel_seat travel_surcharge travel_to travel_vehicle"
            " turn_out_ids type_code xml_address xml_id"
            " buyer_mobile buyer_email levy differential_deduction"
            " small_scale_reason main_item has_list amount_discount tax_discount special_element special_elements"
            " red_form_number reversal_mark booking_mark voided_at voided_by void_reason original_code is_paper"
            " paper_number taken_in_by_id"
        ),
    },
    "fapiao.archive": {
        "invoicer": "company_id date_from date_to direction",
        "nobody": "done last_fapiao missing part_ids state total",
    },
    "fapiao.accepted.warning": {"nobody": "code company_id facts message partner_id product_id user_id"},
    "fapiao.former.name": {"manager": "company_id name until"},
    "fapiao.account": {
        "administrator": "app_secret client_secret password tax_password",
        "manager": (
            "active add_seal answer_text_ids app_key app_token_path assistant_announce assistant_grid"
            " assistant_link_url assistant_link_version assistant_page_url assistant_quiet_codes assistant_url"
            " auto_invoice auto_merge base_url bureau_channel business_system callback_addresses"
            " callback_bytes_per_hour callback_rows_per_hour calls_at_once check_person client_key cloud_user"
            " company_id confirm_buyer datacenter differential_bills drawer element_codes full_interface"
            " goods_codes grace_minutes gross_total line_notes login_path marks_booked mode name org_code"
            " pace_per_day pace_per_hour pace_per_minute pace_reserved_percent pages_per_minute"
            " paper_kind_ordinary paper_kind_special partial_red phone pool_from_zero pool_interface pool_keys"
            " pool_path pool_style priority provider pull_at_once pull_daily pull_daily_kind pull_pause"
            " read_timeout recheck_day red_forms_daily registered_name sequence side_as_list small_scale"
            " small_scale_reason tax_no tax_username tenant_code tenant_number token_body token_header"
            " token_lifetime token_prefix user_type wait_days"
        ),
        "nobody": (
            "assistant_token assistant_token_expires_at assistant_token_lease_until away_count away_since"
            " bureau_account_type bureau_channel_at bureau_company bureau_deadline bureau_login_type"
            " bureau_open_period bureau_period bureau_select_days bureau_select_until bureau_state bureau_url"
            " callback_over_at callback_token claimed_at credit_amount credit_at credit_count credit_counted_to"
            " credit_left_today credit_left_told credit_short_told_on credit_since credit_source credit_tax"
            " credit_total credit_used credit_valid_from credit_valid_to credit_warned database_identity"
            " face_state left_alone_until pull_day pull_ids pull_text recheck_told_on red_forms_at replaced_by_id"
            " restored_at session_at session_state session_text token token_expires_at token_lease_until"
        ),
    },
    "fapiao.account.replace": {
        "manager": (
            "datacenter app_key assistant_link_url assistant_page_url assistant_url base_url business_system client_key"
            " mode name"
            " phone provider purpose source_id tax_no tax_username tenant_number tenant_code cloud_user user_type"
        ),
    },
    "fapiao.answer.text": {
        "administrator": (
            "account_id classified_at classified_by_id code company_id count first_seen last_seen meaning"
            " operation text"
        ),
    },
    "fapiao.callback": {
        "nobody": (
            "account_id body company_id digest kind last_at message numbers received_at remote_addr"
            " request_uids size state times"
        ),
    },
    "fapiao.credit": {
        "nobody": (
            "account_id at company_id credit_amount credit_count credit_left_today credit_left_told credit_source"
            " credit_tax credit_total credit_used day"
        ),
    },
    "fapiao.deduction": {
        "issuer": "farm_rate kind period purpose takes_doubtful",
        "nobody": "currency_id fapiao_ids",
    },
    "fapiao.call": {
        "nobody": (
            "account_id answer_body answer_raw answered_at company_id content_type error_code error_need error_text"
            " http_status identity is_idle operation outcome provider replays request_body request_hash request_uid"
            " res_id res_model retry_after sent_at state"
        ),
    },
    "fapiao.element": {
        "nobody": "company_id",
        "invoicer": (
            "actual_price address approved_price area_unit certificate_no chassis_no city contract_no"
            " cross_city cross_city_no date_from date_to district element engine_no for_register is_parking land_tax_no"
            " move_id order_id plate product_tmpl_id project province row_ids time_from time_to"
        ),
    },
    "fapiao.element.row": {
        "nobody": "company_id",
        "invoicer": (
            "day element_id freight_vehicle goods id_kind id_no place_from place_to plate seat sequence"
            " traveller vehicle"
        ),
    },
    "fapiao.issue": {
        "issuer": f"{_WISHES} advance advance_code_id advance_remember remark twin_ids with_notes",
        "nobody": "fapiao_count going_count is_merged move_ids preview_ids problem_ids proposed_remark ready_count",
    },
    "fapiao.issue.preview": {
        "nobody": "amount_tax amount_total amount_untaxed currency_id documents issue_id line_count sequence",
    },
    "fapiao.issue.problem": {
        "nobody": "code fix issue_id mend_id mend_model mend_name message move_id severity",
    },
    "fapiao.issue.twin": {
        "issuer": "is_chosen",
        "nobody": "issue_id message move_id",
    },
    "fapiao.line": {
        "nobody": (
            "amount_tax amount_untaxed code company_id fapiao_id is_discount name original_line price"
            " quantity rate sequence spec unit zero_kind policy document item_code is_privileged"
        ),
    },
    "fapiao.request.move": {"issuer": "target_id", "nobody": "request_ids stay_count"},
    "fapiao.take.in": {"issuer": "account_id number move_ids"},
    "fapiao.login": {
        "issuer": ("account_id app asked_at expires_at message method pin purpose qr_id qr_png qr_text sms_code state"),
    },
    "fapiao.marking": {
        "nobody": (_OUTBOUND + " kind line_ids period purpose task_no"),
    },
    "fapiao.marking.line": {
        "nobody": "company_id family fapiao_id marking_id state text",
    },
    "fapiao.match": {
        "nobody": (
            "active amount amount_tax candidates company_id confirmed_at cost_code cost_name expense_id fapiao_id"
            " move_id move_line_id payee_account rule seller_differs state user_id"
        ),
    },
    "fapiao.match.bill": {
        "invoicer": "together",
        "nobody": "fapiao_ids",
    },
    "fapiao.match.wizard": {
        "invoicer": "line_ids move_id",
        "nobody": "fapiao_id",
    },
    "fapiao.match.wizard.line": {
        "invoicer": "amount is_chosen",
        "nobody": "expense_id move_id wizard_id",
    },
    "fapiao.order.request": {
        "issuer": f"{_WISHES} email fapiao_form fapiao_type line_ids phone remark small_scale_reason with_notes",
        "nobody": "fapiao_count order_ids problem_ids",
    },
    "fapiao.order.request.line": {
        "issuer": "quantity",
        "nobody": "dialog_id order_line_id",
    },
    "fapiao.order.request.problem": {
        "nobody": "code dialog_id fix mend_id mend_model mend_name message severity",
    },
    "fapiao.pace": {
        "nobody": "at key kind",
    },
    "fapiao.pick": {
        "nobody": (
            "account_id company_id expense_ids fapiao_id key kind last_claim_at last_poll_at leased_until link_key"
            " message_ids move_id move_line_id next_poll_at number opened_at page polls problem state ticket_ids"
            " together user_id user_key watched_until"
        ),
    },
    "fapiao.pick.message": {
        "nobody": "differs kind message_key pick_id problem raw receipt_state renamed serials sorting state times",
    },
    "fapiao.pick.ticket": {
        "nobody": "amount claim expense_id fapiao_id number pick_id reason seller serial_no sorted_as state",
    },
    "fapiao.pull": {
        "nobody": (
            "account_id changed_count code company_id date_from date_to deduction done_at filter_key is_scheduled"
            " is_starting kind number others_count seller_tax_no status tax_period type_code"
            " lease_until message needs_person new_count next_try_at page page_digest page_size row_count"
            " same_count start_count started_at state task_no tax_no total tries unread_count unread_text"
            " user_id"
        ),
    },
    "fapiao.pull.wizard": {
        "issuer": ("account_id code date_from date_to deduction kind number seller_tax_no status tax_period type_code"),
    },
    "fapiao.find": {
        "issuer": "account_id by code document_key document_kind issue_date number serial_no",
        "nobody": "fapiao_ids file_ids is_missing message",
    },
    "fapiao.find.file": {
        "nobody": "address find_id kind name remark role serial_no",
    },
    "fapiao.red.flush": {
        "issuer": "issued_at make_credit_note number reason seller_tax_no special_kind",
        "nobody": (
            "account_id answer answer_text bill_id checks company_id credit_id fapiao_id has_facts"
            " initiator more_ids needs_login"
        ),
    },
    "fapiao.red.form": {
        "nobody": (
            _OUTBOUND + " amount_tax amount_total amount_untaxed applied_at booked bureau_state bureau_text checked_at"
            " consumption_use credit_id deadline draft call_ids fapiao_id follow_up follow_up_text"
            " handler initiator is_anew is_found is_full is_open is_paper levy line_ids make_credit_note move_ids"
            " number previous_id reason"
            " red_fapiao_id reissue reminders request_ids rest_request_ids special_kind stage taken"
            " uuid vat_use withdrawal_ids"
        ),
    },
    "fapiao.red.form.line": {
        "nobody": (
            "amount_tax amount_untaxed application_no code code_version company_id form_id is_privileged name own_code"
            " policy price quantity rate sequence spec unit xh zero_kind"
        ),
    },
    "fapiao.red.withdrawal": {
        "nobody": (_OUTBOUND + " form_id"),
    },
    "fapiao.assistant.update": {
        "nobody": (
            _OUTBOUND + " bill_type document_name expense_id is_told_anew keys kind line move_id relation status"
            " voucher_hash voucher_number voucher_uid"
        ),
    },
    "fapiao.request": {
        "nobody": (
            _OUTBOUND + " absent_at amount_tax amount_total amount_untaxed attempt buyer_name buyer_tax_no cloud_state"
            " double_ids draft earlier_ids ended_at_cloud call_ids fapiao_ids is_double kind last_sent_at"
            " is_elsewhere later_ids line_ids move_ids order_ids partner_id previous_id red_form_id rest_of_id"
            " sibling type withdraw_asked withdrawal_id form organisation"
        ),
    },
    "fapiao.voucher": {
        "invoicer": "code date deducted fapiao_id kind move_id number remark sequence total",
        "nobody": "company_id",
    },
    "fapiao.request.line": {
        "nobody": (
            "amount_tax amount_total amount_untaxed company_id fapiao_id live lost_fapiao_id move_id"
            " move_line_id name order_id order_line_id part quantity request_id sequence state"
        ),
    },
    "fapiao.send": {
        "issuer": "body email_to subject",
        "nobody": "fapiao_ids",
    },
    "fapiao.tax.code": {
        "manager": (
            "active child_ids code date_end date_start description is_summary is_usable keywords kind name parent_id"
            " policy_basis privileges short_name table_version vat_rates"
        ),
    },
    "fapiao.tax.code.import": {
        "manager": "file filename",
    },
    "fapiao.tax.code.update": {
        "manager": (
            "added_count changed_count ended_count ends_missing last_line line_ids missing_count name rejected_count"
            " rejected_text state table_version unchanged_count"
        ),
    },
    "fapiao.tax.code.update.line": {
        "manager": "code kind name new_values old_values update_id",
    },
    "fapiao.ticket.category": {
        "manager": "company_id cost_code product_id sequence type_code",
    },
    "fapiao.withdrawal": {
        "nobody": (_OUTBOUND + " request_ids"),
    },
    "crm.team": {"nobody": "fapiao_account_id"},  # of these kinds
    "hr.expense": {
        "internal": "fapiao_cover_number fapiao_output_reason",
        "nobody": "fapiao_in_numbers fapiao_in_state fapiao_match_ids fapiao_untaxed fapiao_update_ids",
    },
    "product.category": {
        "administrator": "fapiao_code_id fapiao_item_name",
    },
    "product.product": {"administrator": "fapiao_spec"},
    "product.template": {
        "administrator": (
            "fapiao_code_id fapiao_coal_kind fapiao_element_ids fapiao_item_name fapiao_policy fapiao_spec"
        ),
    },
    "res.company": {
        "nobody": "fapiao_former_name_ids",
        "administrator": (
            "fapiao_account_id fapiao_advance fapiao_advance_code_id fapiao_amount_limit fapiao_auto_issue"
            " fapiao_company_code fapiao_credit_days fapiao_credit_threshold fapiao_default_type fapiao_drawer"
            " fapiao_in_details fapiao_notes fapiao_payee fapiao_pick_bank fapiao_pick_claimed"
            " fapiao_pick_personal fapiao_pick_tax_no fapiao_pick_title fapiao_pick_unverified"
            " fapiao_red_on_credit fapiao_remark fapiao_reviewer fapiao_show_buyer_bank fapiao_show_seller_bank"
            " fapiao_spec_source fapiao_turn_out_account_id fapiao_twin_days"
        ),
    },
    "res.config.settings": {
        "administrator": (
            "fapiao_account_id fapiao_advance fapiao_advance_code_id fapiao_amount_limit fapiao_auto_issue"
            " fapiao_company_code fapiao_credit_days fapiao_credit_threshold fapiao_default_type fapiao_drawer"
            " fapiao_in_details fapiao_notes fapiao_payee fapiao_pick_bank fapiao_pick_claimed"
            " fapiao_pick_personal fapiao_pick_tax_no fapiao_pick_title fapiao_pick_unverified"
            " fapiao_red_on_credit fapiao_remark fapiao_reviewer fapiao_show_buyer_bank fapiao_show_seller_bank"
            " fapiao_spec_source fapiao_turn_out_account_id fapiao_twin_days"
        ),
    },
    "res.partner": {
        "administrator": ("fapiao_address fapiao_bank fapiao_email fapiao_phone fapiao_title_type fapiao_type"),
    },
    "res.users": {"administrator": "fapiao_account_id"},
    "sale.order": {
        "invoicer": "fapiao_account_id fapiao_drawer fapiao_element_ids",
        "nobody": "fapiao_amount_open fapiao_ids fapiao_numbers fapiao_request_ids fapiao_state",
    },
    "sale.order.line": {
        "invoicer": "fapiao_tax_code_id",
        "nobody": "fapiao_qty_covered fapiao_request_line_ids",
    },
    "uom.uom": {"administrator": "fapiao_name fapiao_own_name"},
}
