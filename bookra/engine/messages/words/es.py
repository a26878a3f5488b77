"""Spanish."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "booking_confirmed": (
        "Su cita en {business}: {when}",
        (
            "Hola, {customer}: {business} le espera para {services} el {when}. Su código de"
            " reserva es {code}. ¡Hasta pronto!"
        ),
    ),
    "booking_moved": (
        "Nueva hora para su cita en {business}",
        (
            "Hola, {customer}: su cita en {business} para {services} se ha cambiado al {when}."
            " Su código de reserva sigue siendo {code}. ¡Hasta entonces!"
        ),
    ),
    "booking_cancelled": (
        "Su cita en {business} queda cancelada",
        (
            "Hola, {customer}: su cita en {business} para {services} el {when} queda cancelada"
            " (código de reserva {code}). Será un placer recibirle en otra ocasión."
        ),
    ),
    "series_confirmed": (
        "Sus citas en {business} a partir del {when}",
        (
            "Hola, {customer}: {business} ha reservado su serie de citas para {services}. La"
            " primera es el {when}, con el código de reserva {code}. ¡Hasta pronto!"
        ),
    ),
    "booking_reminder": (
        "Recordatorio: {business}, {when}",
        (
            "Hola, {customer}: {business} le recuerda su cita para {services} el {when}. Su"
            " código de reserva es {code}. Por favor, avísenos pronto si no puede venir."
        ),
    ),
    "payment_link": (
        "Pague su cita en {business}, por favor",
        (
            "Hola, {customer}: le rogamos que pague {amount} a {business} por {services} el"
            " {when} (código de reserva {code}). Esta es la página de pago segura: {link} – se"
            " lo confirmamos en cuanto esté pagado."
        ),
    ),
    "payment_refunded": (
        "{business} le devuelve su pago",
        (
            "Hola, {customer}: {business} le devuelve un pago por {services} el {when} (código"
            " de reserva {code}). Su banco puede tardar unos días en mostrarlo."
        ),
    ),
    "waitlist_offer": (
        "Hay un hueco libre en {business}",
        (
            "Buenas noticias, {customer}: {business} le guarda un hueco para {services} el"
            " {when}. Indíquenos el código {code} para quedárselo. Pasado el plazo, se ofrecerá"
            " a la siguiente persona."
        ),
    ),
    "receipt": (
        "Su recibo de {business} ({code})",
        (
            "Hola, {customer}: gracias por su pago. Adjuntamos a este mensaje la factura de"
            " {business} correspondiente a {code}."
        ),
    ),
    "opted_out": (
        "",
        (
            "No recibirá más mensajes de {business} por aquí. Escriba START si quiere volver a"
            " recibirlos."
        ),
    ),
    "account_trouble": (
        "{business}: {account} deniega el acceso",
        (
            "Hola: {account} ha denegado el acceso de {business} ({why}). No se pierde nada: lo"
            " que va allí espera hasta que se vuelva a configurar la cuenta. Todo lo demás sigue"
            " como siempre."
        ),
    ),
}

LABELS: Final[dict[str, str]] = {
    "staff": "Con",
    "address": "Dirección",
    "closing": "Un cordial saludo",
}
