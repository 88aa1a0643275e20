"""docs/protocols/coverage.md says of each call, key and enumeration of the documents where it went, and is right."""

import re
from collections import namedtuple
from functools import cache
from pathlib import Path

import pytest

from . import coverage_assistant, coverage_billing, coverage_piaodanyun
from .coverage_sample import Sample, changed, is_told, other, result, values_at

ADDON = Path(__file__).resolve().parent.parent
PAGES = sorted((ADDON / "docs" / "protocols").glob("coverage.md"))
WAYS = {"sent", "read", "both", "not used"}
SENT, READ = {"sent", "both"}, {"read", "both"}
CODE = re.compile(r"`([^`]+)`")
PLACE = re.compile(r"([\w./-]+\.(?:py|js|xml|md|csv))(?::(\w+))?")
CALL = re.compile(r"## .*\(`([^`]+)`\)")
ENUMERATION = re.compile(r"### enumeration `([^`]+)`")

CALLS = {**coverage_piaodanyun.CALLS, **coverage_billing.CALLS, **coverage_assistant.CALLS}

# Of a key's table ``enumeration`` is ""; else ``values`` are those of the key of that name
Row = namedtuple("Row", "where call enumeration values way place")


@cache
def rows():
    return tuple(row for page in PAGES for row in rows_of(page.read_text().splitlines(), page.name))


def rows_of(lines, page=""):
    """Yield the :class:`Row` of each line of a table below the heading of a call."""
    call = enumeration = ""
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            if not line.startswith("### "):
                found, enumeration = CALL.fullmatch(line), ""
                call = found[1] if found else ""
            else:
                found = ENUMERATION.fullmatch(line)
                enumeration = found[1] if found else line
        elif call and line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            values = ["" if value == '""' else value for value in CODE.findall(cells[0])]
            yield Row(f"{page}:{number}", call, enumeration, values, *cells[-2:])


def keys(call, ways):
    """Return the keys of ``call`` that go one of ``ways``."""
    return [key for row in rows() if row.call == call and not row.enumeration and row.way in ways for key in row.values]


def enumerations(call):
    """Return ``{key: rows}`` of ``call``."""
    found = {}
    for row in rows():
        if row.call == call and row.enumeration:
            found.setdefault(row.enumeration, []).append(row)
    return found


def changes_nothing(sample, key):
    """Return whether another value under ``key`` leaves all results of ``sample`` as they are."""
    change = (lambda _value: sample.changes[key]) if key in sample.changes else other
    return all(
        result(read, answer) == result(read, changed(answer, key, change))
        for answer, read in sample.answers
        if key in values_at(answer)
    )


def is_told_in(sample, key):
    return any(any(map(is_told, values_at(answer).get(key, ()))) for answer, _read in sample.answers)


def told_apart(sample, key, told):
    """Return pairs of ``told`` (lists of values that mean one thing each) that ``sample`` reads alike."""
    answers = [(answer, read) for answer, read in sample.answers if key in values_at(answer)]
    results = [{_read_as(answers, key, value) for value in values} for values in told]
    alike = ((one, two) for one in range(len(told)) for two in range(one) if results[one] & results[two])
    return [(told[one], told[two]) for one, two in alike]


def _read_as(answers, key, value):
    def change(before):
        return int(value) if isinstance(before, int) and value.isdecimal() else value

    return tuple(result(read, changed(answer, key, change)) for answer, read in answers)


def names_of(call):
    return sorted({row.call for row in rows() if not call or row.call == call})


def test_the_tables_can_be_read():
    assert rows()
    assert [row.where for row in rows() if row.way not in WAYS or not row.values] == []
    listed = [(row.call, row.enumeration, value) for row in rows() for value in row.values]
    assert sorted(one for one in set(listed) if listed.count(one) > 1) == []


def test_each_call_has_a_sample_and_each_sample_a_call():
    used = {row.call for row in rows() if row.way != "not used"}
    assert used - set(CALLS) == set()
    assert set(CALLS) - {row.call for row in rows()} == set()


def test_places_exist():
    lost = []
    for row in rows():
        places = [place for text in CODE.findall(row.place) if (place := PLACE.fullmatch(text))]
        if row.way == "not used":
            if len(CODE.sub("", row.place).split()) < 2:
                lost.append(f"{row.where} has no reason")
        elif not any(place[2] for place in places):
            lost.append(f"{row.where} has no place")
        for place in places:
            path, name = ADDON / place[1], place[2]
            if not path.is_file() or (name and not re.search(rf"\b{name}\b", path.read_text())):
                lost.append(f"{row.where} {place[0]}")
    assert lost == []


@pytest.mark.parametrize("call", sorted(CALLS))
def test_what_is_sent(call):
    sent = [values_at(body) for body in CALLS[call].sent]
    assert [key for key in keys(call, SENT) if not any(key in body for body in sent)] == []
    assert [key for key in keys(call, {"read", "not used"}) if any(key in body for body in sent)] == []


@pytest.mark.parametrize("call", sorted(CALLS))
def test_what_is_read(call):
    sample = CALLS[call]
    assert [key for key in keys(call, READ) if not is_told_in(sample, key)] == [], "no sample"
    assert [key for key in keys(call, READ) if changes_nothing(sample, key)] == [], "not read"


@pytest.mark.parametrize("call", sorted(CALLS))
def test_what_is_not_used(call):
    sample = CALLS[call]
    assert [key for key in keys(call, {"sent", "not used"}) if not changes_nothing(sample, key)] == []


@pytest.mark.parametrize("call", sorted(CALLS))
def test_nothing_is_left_out(call):
    sample = CALLS[call]
    told = [values_at(body) for body in (*sample.sent, *(answer for answer, _read in sample.answers))]
    leaves = {key for body in told for key, values in body.items() if not all(map(_is_container, values))}
    assert sorted(leaves - set(keys(call, WAYS))) == []


def _is_container(value):
    return isinstance(value, (dict, list, tuple)) and bool(value)


@pytest.mark.parametrize("call", sorted({row.call for row in rows() if row.enumeration}))
def test_enumerations(call):
    sample = CALLS[call]
    for key, values in enumerations(call).items():
        sent = {str(value) for body in sample.sent for value in values_at(body).get(key, ())}
        told = [value for row in values if row.way in SENT for value in row.values]
        assert [value for value in told if value not in sent] == [], key
        assert told_apart(sample, key, [row.values for row in values if row.way in READ]) == [], key


def test_a_reader_that_lost_a_key_is_noticed():
    answer = {"data": {"kept": "1", "lost": "2", "rows": [{"lost": "a"}]}}
    sample = Sample(answers=[(answer, lambda told: told["data"]["kept"])])
    assert not changes_nothing(sample, "data.kept")
    assert changes_nothing(sample, "data.lost")
    assert changes_nothing(sample, "data.rows[].lost")
    assert told_apart(sample, "data.lost", [["1"], ["2"]]) == [(["2"], ["1"])]
    assert told_apart(sample, "data.kept", [["1"], ["2"]]) == []


def test_forms_are_read_as_paths():
    form = {"fyxm[0][je]": "1", "fyxm[1][je]": "2", "sqyy[0]": "2"}
    assert values_at(form) == {"fyxm[].je": ["1", "2"], "sqyy[]": ["2"]}
