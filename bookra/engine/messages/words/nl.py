"""Dutch."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "booking_confirmed": (
        "Uw afspraak bij {business}: {when}",
        (
            "Beste {customer}, {business} verwacht u voor {services} op {when}. Uw boekingscode"
            " is {code}. Graag tot dan!"
        ),
    ),
    "booking_moved": (
        "Nieuw tijdstip voor uw afspraak bij {business}",
        (
            "Beste {customer}, uw afspraak bij {business} voor {services} is verplaatst naar"
            " {when}. Uw boekingscode blijft {code}. Graag tot dan!"
        ),
    ),
    "booking_cancelled": (
        "Uw afspraak bij {business} is geannuleerd",
        (
            "Beste {customer}, uw afspraak bij {business} voor {services} op {when} is"
            " geannuleerd (boekingscode {code}). We verwelkomen u graag een andere keer."
        ),
    ),
    "series_confirmed": (
        "Uw afspraken bij {business} vanaf {when}",
        (
            "Beste {customer}, {business} heeft uw reeks afspraken voor {services} geboekt. De"
            " eerste is op {when}, met boekingscode {code}. Graag tot dan!"
        ),
    ),
    "booking_reminder": (
        "Herinnering: {business}, {when}",
        (
            "Beste {customer}, {business} herinnert u aan uw afspraak voor {services} op"
            " {when}. Uw boekingscode is {code}. Laat het ons alstublieft snel weten als u"
            " verhinderd bent."
        ),
    ),
    "payment_link": (
        "Betaal uw afspraak bij {business}",
        (
            "Beste {customer}, wilt u {amount} aan {business} betalen voor {services} op {when}"
            " (boekingscode {code})? Dit is de beveiligde betaalpagina: {link} – zodra de"
            " betaling binnen is, bevestigen we die."
        ),
    ),
    "payment_refunded": (
        "{business} betaalt u terug",
        (
            "Beste {customer}, {business} betaalt u een betaling terug voor {services} op"
            " {when} (boekingscode {code}). Het kan enkele dagen duren voordat uw bank dit"
            " toont."
        ),
    ),
    "waitlist_offer": (
        "Er is een plek vrij bij {business}",
        (
            "Goed nieuws, {customer}: {business} houdt een plek voor u vrij voor {services} op"
            " {when}. Noem de code {code} om die te nemen. Daarna gaat de plek naar de volgende"
            " op de lijst."
        ),
    ),
    "receipt": (
        "Uw betaalbewijs van {business} ({code})",
        (
            "Beste {customer}, dank u voor uw betaling. De factuur van {business} voor {code}"
            " vindt u als bijlage bij dit bericht."
        ),
    ),
    "opted_out": (
        "",
        (
            "U ontvangt hier geen berichten meer van {business}. Schrijf START als u ze weer"
            " wilt ontvangen."
        ),
    ),
    "account_trouble": (
        "{business}: {account} weigert de toegang",
        (
            "Beste, {account} heeft de toegang van {business} geweigerd ({why}). Er gaat niets"
            " verloren: wat daarheen moet, wacht tot het account opnieuw is ingesteld. Al het"
            " andere gaat gewoon door."
        ),
    ),
}

LABELS: Final[dict[str, str]] = {
    "staff": "Bij",
    "address": "Adres",
    "closing": "Met vriendelijke groet",
}
