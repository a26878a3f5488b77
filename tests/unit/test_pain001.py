"""Bank files: valid by ISO's schema, the same for the same payments, in letters that banks take."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import as_file, files
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xmlschema import XMLSchema

from bookra.engine.payouts.bank import checked_bic, checked_iban, mask
from bookra.engine.payouts.pain001 import (
    NAMESPACE,
    Account,
    Transfer,
    credit_transfer,
    latin,
    message_id,
)
from bookra.errors import InvalidInputError
from bookra.money import Money

SALON = Account("Lüna Håir & Söhne GmbH", "DE89370400440532013000", "COBADEFFXXX")
ANA = Account("Ana Łukaszewicz", "FR1420041010050500013M02606")
PAID = (
    Transfer("1" * 32, ANA, Money(123_45, "EUR"), "Luna pay 2026-11"),
    Transfer("2" * 32, replace(ANA, bic="BNPAFRPP"), Money(5, "EUR"), "Luna pay 2026-11"),
)
AT, ON = datetime(2026, 12, 1, 8, 30, tzinfo=UTC), date(2026, 12, 2)


@cache
def schema() -> XMLSchema:
    with as_file(files("sepaxml").joinpath("schemas/pain.001.001.09.xsd")) as path:
        return XMLSchema(path)


def written(transfers: tuple[Transfer, ...] = PAID, payer: Account = SALON) -> bytes:
    return credit_transfer(payer, transfers, written_at=AT, execute_on=ON)


def texts(file: bytes, name: str) -> list[str | None]:
    return [node.text for node in ET.fromstring(file).iter(f"{{{NAMESPACE}}}{name}")]


@pytest.mark.parametrize("payer", [SALON, replace(SALON, bic="")])
def test_the_file_is_valid_by_the_schema(payer: Account) -> None:
    schema().validate(written(payer=payer).decode())


def test_a_broken_file_is_not_valid_by_the_schema() -> None:
    assert not schema().is_valid(written().decode().replace("<Cd>SEPA</Cd>", "<Cd>TOO LONG</Cd>"))


def test_it_says_who_is_paid_how_much_and_when() -> None:
    file = written()
    assert texts(file, "InstdAmt") == ["123.45", "0.05"]
    assert texts(file, "CtrlSum") == ["123.50", "123.50"]
    assert texts(file, "NbOfTxs") == ["2", "2"]
    assert texts(file, "IBAN") == [SALON.iban, ANA.iban, ANA.iban]
    assert texts(file, "BICFI") == ["COBADEFFXXX", "BNPAFRPP"]
    assert texts(file, "EndToEndId") == ["1" * 32, "2" * 32]
    assert texts(file, "Dt") == ["2026-12-02"]
    assert texts(file, "Nm") == ["Luna Hair + Sohne GmbH"] * 2 + ["Ana Lukaszewicz"] * 2


def test_the_same_payments_have_the_same_message_and_others_another() -> None:
    assert written() == written()
    more = replace(PAID[0], amount=Money(123_46, "EUR"))
    assert message_id(SALON, PAID) != message_id(SALON, (more, PAID[1]))
    assert message_id(SALON, PAID) != message_id(SALON, PAID[:1])


@given(name=st.text(min_size=1, max_size=90), text=st.text(max_size=200))
@settings(max_examples=60)
def test_any_name_becomes_one_that_the_schema_takes(name: str, text: str) -> None:
    assert set(latin(name, 70)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ "
    )
    one = replace(PAID[0], to=replace(ANA, holder=name), text=text)
    schema().validate(written((one,)).decode())


def test_other_currencies_and_no_payments_are_no_sepa_transfer() -> None:
    for transfers in ((), (replace(PAID[0], amount=Money(1, "USD")),)):
        with pytest.raises(ValueError, match="euros"):
            written(transfers)


def test_an_iban_is_kept_in_capitals_without_spaces_and_shown_masked() -> None:
    assert checked_iban("de89 3704 0044 0532 0130 00") == SALON.iban
    assert mask(SALON.iban) == "DE89 … 3000"


@pytest.mark.parametrize(
    "text", ["", "DE8937040044053201300", "DE88370400440532013000", "XX89370400440532013000"]
)
def test_a_wrong_iban_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked_iban(text)
    assert refused.value.code == "bad_iban"
    assert "3704" not in str(refused.value)


def test_a_bic_is_optional_and_checked() -> None:
    assert (checked_bic(""), checked_bic("cobadeffxxx")) == ("", "COBADEFFXXX")
    with pytest.raises(InvalidInputError):
        checked_bic("COBA")
