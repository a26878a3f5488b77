"""English."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "booking_confirmed": (
        "Your visit to {business} on {when}",
        (
            "Hello {customer}, {business} is expecting you for {services} on {when}. Your"
            " booking code is {code}. We look forward to seeing you!"
        ),
    ),
    "booking_moved": (
        "New time for your visit to {business}",
        (
            "Hello {customer}, your visit to {business} for {services} has a new time: {when}."
            " Your booking code is still {code}. See you then!"
        ),
    ),
    "booking_cancelled": (
        "Your visit to {business} is cancelled",
        (
            "Hello {customer}, your visit to {business} for {services} on {when} is cancelled"
            " (booking code {code}). We would be glad to see you another time."
        ),
    ),
    "series_confirmed": (
        "Your visits to {business} from {when}",
        (
            "Hello {customer}, {business} has booked your series of visits for {services}. The"
            " first one is on {when}, its booking code is {code}. We look forward to seeing you!"
        ),
    ),
    "booking_reminder": (
        "Reminder: {business}, {when}",
        (
            "Hello {customer}, a reminder from {business}: we are expecting you for {services}"
            " on {when}. Your booking code is {code}. Please let us know soon if you can't come."
        ),
    ),
    "payment_link": (
        "Please pay for your visit to {business}",
        (
            "Hello {customer}, please pay {amount} to {business} for {services} on {when}"
            " (booking code {code}). This page is secure: {link} – we confirm as soon as it is"
            " paid."
        ),
    ),
    "payment_refunded": (
        "{business} is refunding your payment",
        (
            "Hello {customer}, {business} is giving back a payment for {services} on {when}"
            " (booking code {code}). Your bank may take a few days to show it."
        ),
    ),
    "waitlist_offer": (
        "A place is free at {business}",
        (
            "Good news, {customer}: {business} is holding a place for you for {services} on"
            " {when}. Name the code {code} to take it. It goes to the next in line when our hold"
            " ends."
        ),
    ),
    "receipt": (
        "Your receipt from {business} ({code})",
        (
            "Hello {customer}, thank you for your payment. The invoice of {business} for {code}"
            " is attached to this message."
        ),
    ),
    "opted_out": (
        "",
        ("You will get no more messages from {business} here. Write START if you want them again."),
    ),
    "account_trouble": (
        "{business}: {account} refuses our access",
        (
            "Hello, {account} has refused the access of {business} ({why}). Nothing is lost:"
            " what goes there waits until the account is set again. Everything else goes on as"
            " usual."
        ),
    ),
}

LABELS: Final[dict[str, str]] = {
    "staff": "With",
    "address": "Where",
    "closing": "Kind regards",
}
