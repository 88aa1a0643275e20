"""金蝶发票云: days, yuan and JSON of what was received; each quick way reads as the slow one."""

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..clouds import reading
from ..clouds.reading import as_day, as_money

D = Decimal

# --- Days


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2026-01-05",
            "20260105",
            "2026-01-05 23:59:59",
            "20260105235959",
            "2026:01:05 10:00:00",
            "2026_01_05",
        ),
        *("2026/1/5", "2026年01月05日", 20260105, 1767542400000, "1767542400000", 1767542400, D("20260105")),
        *("2026-01-04T16:00:00Z", "2026-01-05T23:00:00", "2026-01-05T00:30:00+08:00"),
    ],
)
def test_days(value):
    assert as_day(value) == date(2026, 1, 5)


@pytest.mark.parametrize("value", ["", None, "x", "2026-13-01", "20260230", True, [], "0000-00-00", 5, 10**30])
def test_no_days(value):
    assert as_day(value) is None


# --- Yuan

_VALUES = (
    st.none()
    | st.booleans()
    | st.text(max_size=8)
    | st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{0,4})?", fullmatch=True)
    | st.integers(-(10**25), 10**25)
    | st.lists(st.integers(), max_size=2)
)


@given(_VALUES | st.decimals(allow_nan=False, allow_infinity=False))
def test_yuan(value):
    quick, slowly = as_money(value), reading.money_at({"a": value}, "a")
    assert str(quick) == str(slowly)


# --- The quick way through JSON


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)


@given(_JSON, st.booleans())
def test_json_is_cleaned_as_before(value, is_ascii):
    text = json.dumps(value, ensure_ascii=is_ascii)
    assert reading.loads(text) == reading._clean(json.loads(text, parse_float=Decimal))


@pytest.mark.parametrize(("text", "value"), [(r'"a\u0000b"', "ab"), (r'"\ud800"', "?"), (r'"\ud83d\ude00"', "😀")])
def test_json_with_what_no_database_takes(text, value):
    assert reading.loads(text) == value
    assert reading.loads(f'{{"k": [{text}]}}') == {"k": [value]}


@pytest.mark.parametrize(("levels", "is_read"), [(60, True), (61, False)])
@pytest.mark.parametrize("inside", ["1", '"\\u0000"'])
def test_json_nested_too_deeply(levels, is_read, inside):
    assert (reading.loads("[" * levels + inside + "]" * levels) is not None) is is_read
