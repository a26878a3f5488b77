"""Writes a SEPA credit transfer, ISO 20022 pain.001.001.09: values in, a file's bytes out. Pure.

The same payments give the same message id, so a bank that is sent the file twice refuses the
second one: that is why it is written here, where the libraries at hand draw ids at random. Texts
keep to the Latin letters of the European Payments Council (EPC217-08); others are spelled with
them where Unicode knows how, and written as a dot where not.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree as ET

from bookra.money import Money, format_minor

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
LONGEST_NAME, LONGEST_TEXT, LONGEST_ID = 70, 140, 35

_SPELLED = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "đ": "d", "Đ": "D"}
    | {"ł": "l", "Ł": "L", "þ": "th", "Þ": "TH", "ð": "d", "Ð": "D", "&": "+", "_": "-", "’": "'"}
)
_OUTSIDE = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account: ``iban`` in capitals without spaces, ``bic`` may be empty."""

    holder: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment to somebody. ``id`` names it from end to end, at most 35 letters."""

    id: str
    to: Account
    amount: Money
    text: str


def credit_transfer(
    payer: Account, transfers: Sequence[Transfer], *, written_at: datetime, execute_on: date
) -> bytes:
    """Return the file of one batch in euros, to be executed on a day."""
    if not transfers or any(one.amount.currency != "EUR" for one in transfers):
        raise ValueError("a SEPA credit transfer holds payments in euros")
    total = format_minor(sum(one.amount.minor for one in transfers), "EUR")
    message = message_id(payer, transfers)
    ET.register_namespace("", NAMESPACE)
    document = ET.Element(f"{{{NAMESPACE}}}Document")
    root = _put(document, "CstmrCdtTrfInitn")
    header = _put(root, "GrpHdr")
    _put(header, "MsgId", message)
    _put(header, "CreDtTm", f"{written_at:%Y-%m-%dT%H:%M:%S}")
    _put(header, "NbOfTxs", str(len(transfers)))
    _put(header, "CtrlSum", total)
    _put(_put(header, "InitgPty"), "Nm", latin(payer.holder, LONGEST_NAME))
    batch = _batch(root, payer, message, execute_on, len(transfers), total)
    for one in transfers:
        _transfer(batch, one)
    ET.indent(document)
    written: bytes = ET.tostring(document, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def message_id(payer: Account, transfers: Sequence[Transfer]) -> str:
    """Return the name of a file with these payments: another one for any other payments."""
    facts = [payer.iban, *(f"{one.id} {one.to.iban} {one.amount.minor}" for one in transfers)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[: LONGEST_ID - 3]


def latin(text: str, longest: int) -> str:
    """Return ``text`` in the letters that every bank of SEPA takes."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _OUTSIDE.sub(".", " ".join(bare.split()))[:longest].strip() or "."


def _batch(
    root: ET.Element, payer: Account, message: str, execute_on: date, count: int, total: str
) -> ET.Element:
    batch = _put(root, "PmtInf")
    _put(batch, "PmtInfId", f"{message}-1")
    _put(batch, "PmtMtd", "TRF")
    _put(batch, "BtchBookg", "true")
    _put(batch, "NbOfTxs", str(count))
    _put(batch, "CtrlSum", total)
    _put(_put(_put(batch, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _put(_put(batch, "ReqdExctnDt"), "Dt", execute_on.isoformat())
    _put(_put(batch, "Dbtr"), "Nm", latin(payer.holder, LONGEST_NAME))
    _put(_put(_put(batch, "DbtrAcct"), "Id"), "IBAN", payer.iban)
    bank = _put(_put(batch, "DbtrAgt"), "FinInstnId")
    if payer.bic:
        _put(bank, "BICFI", payer.bic)
    else:
        _put(_put(bank, "Othr"), "Id", "NOTPROVIDED")
    _put(batch, "ChrgBr", "SLEV")
    return batch


def _transfer(batch: ET.Element, one: Transfer) -> None:
    node = _put(batch, "CdtTrfTxInf")
    _put(_put(node, "PmtId"), "EndToEndId", one.id)
    amount = _put(_put(node, "Amt"), "InstdAmt", format_minor(one.amount.minor, "EUR"))
    amount.set("Ccy", "EUR")
    if one.to.bic:
        _put(_put(_put(node, "CdtrAgt"), "FinInstnId"), "BICFI", one.to.bic)
    _put(_put(node, "Cdtr"), "Nm", latin(one.to.holder, LONGEST_NAME))
    _put(_put(_put(node, "CdtrAcct"), "Id"), "IBAN", one.to.iban)
    _put(_put(node, "RmtInf"), "Ustrd", latin(one.text, LONGEST_TEXT))


def _put(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    node = ET.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    node.text = text
    return node
