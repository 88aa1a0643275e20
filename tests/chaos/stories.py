"""What led to a finding: each task for the invoice with its calls, and the bureau's fapiao."""

_TASKS = (
    "SELECT t.id, '{model}', a.provider, {uid}, t.state, t.tries, t.resends, coalesce(t.error_message, '')"
    " FROM {table} t JOIN {table}_move_rel m ON m.{key} = t.id"
    " JOIN fapiao_account a ON a.id = t.account_id WHERE m.move_id = %s ORDER BY t.id"
)
_MODELS = (
    {"model": "fapiao.request", "table": "fapiao_request", "key": "request_id", "uid": "t.request_uid"},
    {"model": "fapiao.red.form", "table": "fapiao_red_form", "key": "form_id", "uid": "t.number"},
)
_CALLS = (
    "SELECT to_char(sent_at, 'HH24:MI:SS'), operation, state, outcome, http_status,"
    " concat_ws(' ', error_code, error_text, answer_body)"
    " FROM fapiao_call WHERE res_model = %s AND res_id = %s ORDER BY id"
)
_TEXT = 150


def tell(place, finding) -> list:
    """Return the story line by line."""
    lines = [f"{finding.kind.upper()}  {finding.text}"]
    for model in _MODELS:
        for task, name, cloud, uid, state, tries, resends, said in place.sql(_TASKS.format(**model), finding.move_id):
            lines.append(f"  {cloud} {name} {uid or '–'}: {state}, {tries} tries, {resends} resends; {said}")
            for at, call, journal, outcome, status, text in place.sql(_CALLS, name, task):
                told = " ".join(text.split())[:_TEXT]
                lines.append(f"    {at} {call}: {journal}, {outcome or 'no answer'}, {status or '–'} {told}")
    return lines + [f"  bureau: {_fapiao(item)}" for item in finding.there]


def _fapiao(item) -> str:
    reverses = f", reverses {item['original']}" if item["original"] else ""
    ended = f", reversed by {item['reversed_by']}" if item["reversed_by"] else ""
    at = item["issued_at"][:19]
    return f"{item['number']} over {item['gross']} for {item['request']}, {at}{reverses}{ended}"
