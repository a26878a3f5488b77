"""German."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "booking_confirmed": (
        "Ihr Termin bei {business}: {when}",
        (
            "Guten Tag {customer}, {business} erwartet Sie für {services}: {when}. Ihr"
            " Buchungscode lautet {code}. Wir freuen uns auf Sie!"
        ),
    ),
    "booking_moved": (
        "Neue Zeit für Ihren Termin bei {business}",
        (
            "Guten Tag {customer}, Ihr Termin bei {business} für {services} wurde verlegt. Die"
            " neue Zeit: {when}. Ihr Buchungscode bleibt {code}. Bis dann!"
        ),
    ),
    "booking_cancelled": (
        "Ihr Termin bei {business} ist abgesagt",
        (
            "Guten Tag {customer}, Ihr Termin bei {business} für {services} ({when}) ist"
            " abgesagt, Buchungscode {code}. Wir freuen uns, Sie ein anderes Mal zu begrüßen."
        ),
    ),
    "series_confirmed": (
        "Ihre Termine bei {business} ab {when}",
        (
            "Guten Tag {customer}, {business} hat Ihre Terminserie für {services} gebucht. Der"
            " erste Termin: {when}, Buchungscode {code}. Wir freuen uns auf Sie!"
        ),
    ),
    "booking_reminder": (
        "Erinnerung: {business}, {when}",
        (
            "Guten Tag {customer}, {business} erinnert Sie an Ihren Termin für {services}:"
            " {when}. Ihr Buchungscode lautet {code}. Bitte geben Sie uns bald Bescheid, falls"
            " Sie verhindert sind."
        ),
    ),
    "payment_link": (
        "Bitte bezahlen Sie Ihren Termin bei {business}",
        (
            "Guten Tag {customer}, bitte bezahlen Sie {amount} an {business} für {services}"
            " ({when}, Buchungscode {code}). Hier geht es zur sicheren Zahlungsseite: {link} –"
            " sobald die Zahlung da ist, bestätigen wir sie Ihnen."
        ),
    ),
    "payment_refunded": (
        "{business} erstattet Ihre Zahlung",
        (
            "Guten Tag {customer}, {business} erstattet Ihnen eine Zahlung für {services}"
            " ({when}, Buchungscode {code}). Bis Ihre Bank sie anzeigt, können einige Tage"
            " vergehen."
        ),
    ),
    "waitlist_offer": (
        "Bei {business} ist ein Platz frei",
        (
            "Gute Nachricht, {customer}: {business} hält für Sie einen Platz für {services}"
            " frei: {when}. Nennen Sie uns den Code {code}, um ihn zu nehmen. Danach bekommt"
            " ihn, wer als Nächstes wartet."
        ),
    ),
    "receipt": (
        "Ihr Beleg von {business} ({code})",
        (
            "Guten Tag {customer}, vielen Dank für Ihre Zahlung. Die Rechnung von {business} zu"
            " {code} finden Sie im Anhang dieser Nachricht."
        ),
    ),
    "opted_out": (
        "",
        (
            "Sie erhalten hier keine Nachrichten von {business} mehr. Schreiben Sie START, wenn"
            " Sie wieder welche möchten."
        ),
    ),
    "account_trouble": (
        "{business}: {account} verweigert den Zugang",
        (
            "Guten Tag, {account} hat den Zugang von {business} verweigert ({why}). Es geht"
            " nichts verloren: Was dorthin soll, wartet, bis das Konto neu hinterlegt ist. Alles"
            " andere läuft weiter wie gewohnt."
        ),
    ),
}

LABELS: Final[dict[str, str]] = {
    "staff": "Bei",
    "address": "Ort",
    "closing": "Mit freundlichen Grüßen",
}
