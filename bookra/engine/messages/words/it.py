"""Italian."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "booking_confirmed": (
        "Il Suo appuntamento da {business}: {when}",
        (
            "Buongiorno {customer}, {business} La aspetta per {services}: {when}. Il Suo codice"
            " di prenotazione è {code}. A presto!"
        ),
    ),
    "booking_moved": (
        "Nuovo orario per il Suo appuntamento da {business}",
        (
            "Buongiorno {customer}, il Suo appuntamento da {business} per {services} è stato"
            " spostato. Il nuovo orario: {when}. Il codice di prenotazione resta {code}. A"
            " presto!"
        ),
    ),
    "booking_cancelled": (
        "Il Suo appuntamento da {business} è annullato",
        (
            "Buongiorno {customer}, il Suo appuntamento da {business} per {services} ({when}) è"
            " annullato, codice di prenotazione {code}. Saremo lieti di accoglierLa un’altra"
            " volta."
        ),
    ),
    "series_confirmed": (
        "I Suoi appuntamenti da {business} a partire da {when}",
        (
            "Buongiorno {customer}, {business} ha prenotato la Sua serie di appuntamenti per"
            " {services}. Il primo: {when}, codice di prenotazione {code}. A presto!"
        ),
    ),
    "booking_reminder": (
        "Promemoria: {business}, {when}",
        (
            "Buongiorno {customer}, {business} Le ricorda il Suo appuntamento per {services}:"
            " {when}. Il Suo codice di prenotazione è {code}. La preghiamo di avvisarci presto"
            " se non può venire."
        ),
    ),
    "payment_link": (
        "Paghi il Suo appuntamento da {business}, per favore",
        (
            "Buongiorno {customer}, La preghiamo di pagare {amount} a {business} per {services}"
            " ({when}, codice di prenotazione {code}). Questa è la pagina di pagamento sicura:"
            " {link} – confermeremo non appena il pagamento sarà arrivato."
        ),
    ),
    "payment_refunded": (
        "{business} Le rimborsa il pagamento",
        (
            "Buongiorno {customer}, {business} Le rimborsa un pagamento per {services} ({when},"
            " codice di prenotazione {code}). La Sua banca può impiegare alcuni giorni a"
            " mostrarlo."
        ),
    ),
    "waitlist_offer": (
        "Si è liberato un posto da {business}",
        (
            "Buone notizie, {customer}: {business} tiene un posto per Lei per {services}:"
            " {when}. Ci indichi il codice {code} per prenderlo. Scaduto il termine, passerà"
            " alla persona successiva."
        ),
    ),
    "receipt": (
        "La Sua ricevuta di {business} ({code})",
        (
            "Buongiorno {customer}, grazie per il Suo pagamento. In allegato trova la fattura"
            " di {business} per {code}."
        ),
    ),
    "opted_out": (
        "",
        ("Non riceverà più messaggi da {business} qui. Scriva START se vuole riceverli di nuovo."),
    ),
    "account_trouble": (
        "{business}: {account} nega l’accesso",
        (
            "Buongiorno, {account} ha negato l’accesso di {business} ({why}). Nulla va perso:"
            " ciò che è destinato lì attende finché l’account non viene impostato di nuovo."
            " Tutto il resto continua come sempre."
        ),
    ),
}

LABELS: Final[dict[str, str]] = {
    "staff": "Con",
    "address": "Indirizzo",
    "closing": "Cordiali saluti",
}
