"""金蝶发票助手: the journeys on tickets, as the paper's blocks have them, with made-up values."""

from datetime import date
from decimal import Decimal

import pytest

from ..clouds.inbound import Travel
from .test_clouds_assistant_tickets import fapiao


def test_a_taxi():
    one = fapiao(
        "8",
        licenseNumber="粤B00000",
        mileage="12.3",
        place="深圳",
        price="2.4",
        timeGetOn="10:30",
        timeGetOff="10:55",
    )
    assert one.number == "04403160011330819002"
    assert one.travel == Travel(
        from_place="深圳",
        vehicle="粤B00000",
        departs="2020-01-02 10:30",
        arrives="2020-01-02 10:55",
        mileage=Decimal("12.3"),
        fare=Decimal("113.00"),
    )


def test_a_train():
    one = fapiao(
        "9",
        invoiceCode="20191231",
        invoiceNo="Z00X000000",
        passengerName="测试旅客",
        printingSequenceNo="Z00X000000",
        seatGrade="二等座",
        stationGetOff="广州南",
        stationGetOn="深圳北",
        taxRate="0.09",
        trainNum="G0000",
        trainTime="08:00:00",
        taxAmount="9.33",
        amount="103.67",
    )
    assert one.travel == Travel(
        passenger="测试旅客",
        from_place="深圳北",
        to_place="广州南",
        vehicle="G0000",
        seat="二等座",
        departs="2019-12-31 08:00:00",
        fare=Decimal("113.00"),
    )
    assert one.issue_date == date(2020, 1, 2)
    assert one.amount_untaxed + one.amount_tax == one.amount_total


FLIGHT = {
    "airTime": "09:15",
    "airportConstructionFee": "50.00",
    "amount": "1000.00",
    "customerIdentityNum": "44030000000000000X",
    "destination": "北京",
    "electronicTicketNum": "00000000000",
    "fillingUnit": "测试航空",
    "flightNum": "XX0000",
    "fuelSurcharge": "40",
    "insurancePremium": "20.00",
    "invoiceCode": "20191231",
    "invoiceNo": "0000000000000",
    "otherTotalTaxAmount": "1.5",
    "passengerName": "测试旅客",
    "placeOfDeparture": "深圳",
    "salesUnitCode": "SZX000",
    "seatGrade": "Y",
    "seatGradeName": "经济舱",
    "taxRate": "0.09",
    "taxAmount": "85.87",
    "totalAmount": "1091.50",
    "trip": "深圳-北京",
}


def test_a_flight():
    one = fapiao("10", **FLIGHT)
    assert one.travel == Travel(
        "测试旅客",
        "深圳",
        "北京",
        "XX0000",
        "经济舱",
        "2019-12-31 09:15",
        "",
        fare=Decimal("1000.00"),
        fund=Decimal("50.00"),
        surcharge=Decimal("40.00"),
        insurance=Decimal("20.00"),
        other_taxes=Decimal("1.50"),
    )
    assert (one.amount_total, one.amount_tax) == (Decimal("1091.50"), Decimal("85.87"))
    assert one.amount_untaxed == Decimal("1005.63"), "not the fare, which is called amount"


def test_a_flight_whose_total_is_missing():
    one = fapiao("10", **{**FLIGHT, "totalAmount": "", "taxAmount": "", "taxRate": ""})
    assert (one.amount_total, one.amount_tax, one.amount_untaxed) == (Decimal("1091.50"), None, None)


def test_a_flight_whose_tax_follows_from_its_rate():
    one = fapiao("10", **{**FLIGHT, "taxAmount": ""})
    assert (one.amount_tax, one.amount_untaxed) == (Decimal("85.87"), Decimal("1005.63")), "none in the fund"


def test_a_flight_with_its_day_in_the_time():
    assert fapiao("10", **{**FLIGHT, "airTime": "2020-01-01 07:00"}).travel.departs == "2020-01-01 07:00"


def test_a_flight_in_several_legs():
    legs = [
        {"placeOfDeparture": "深圳", "destination": "武汉", "flightNum": "XX0001"},
        {"placeOfDeparture": "武汉", "destination": "北京", "flightNum": "XX0002"},
    ]
    row = {**FLIGHT, "placeOfDeparture": "", "destination": "", "flightNum": "", "airItemsArr": legs}
    travel = fapiao("10", **row).travel
    assert (travel.from_place, travel.to_place, travel.vehicle) == ("深圳", "北京", "XX0001")


@pytest.mark.parametrize("kind", ["16", "20"])
def test_a_coach_and_a_ship(kind):
    one = fapiao(
        kind,
        passengerName="测试旅客",
        stationGetOff="珠海",
        stationGetOn="深圳",
        time="13:00:00",
        taxRate="0",
    )
    assert one.travel == Travel(
        passenger="测试旅客",
        from_place="深圳",
        to_place="珠海",
        departs="2020-01-02 13:00:00",
        fare=Decimal("113.00"),
    )


def test_a_toll():
    one = fapiao("17", entrance="南头", exit="太平", time="07:30:00", place="广东")
    assert (one.travel.from_place, one.travel.to_place, one.travel.departs) == (
        "南头",
        "太平",
        "2020-01-02 07:30:00",
    )


@pytest.mark.parametrize(
    ("trip", "ends"),
    [("深圳-广州", ("深圳", "广州")), ("深圳—广州", ("深圳", "广州")), ("甲-乙-丙", None), ("无行程", None)],
)
def test_a_trip_in_one_text(trip, ends):
    travel = fapiao("7", trip=trip).travel
    assert (ends is None and travel is None) or (travel.from_place, travel.to_place) == ends


@pytest.mark.parametrize("kind", ["1", "11", "14", "19"])
def test_what_does_not_travel(kind):
    assert fapiao(kind, trip="深圳-广州").travel is None


def test_a_ticket_that_says_nothing_of_its_journey():
    assert fapiao("9").travel is None


def test_a_journey_without_its_time_has_its_day():
    travel = fapiao("9", invoiceCode="20191231", stationGetOn="深圳北").travel
    assert (travel.departs, travel.arrives) == ("2019-12-31", "")
