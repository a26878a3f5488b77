"""French."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "booking_confirmed": (
        "Votre rendez-vous chez {business} : {when}",
        (
            "Bonjour {customer}, {business} vous attend pour {services} le {when}. Votre code"
            " de réservation est {code}. Nous nous réjouissons de vous accueillir !"
        ),
    ),
    "booking_moved": (
        "Nouvel horaire de votre rendez-vous chez {business}",
        (
            "Bonjour {customer}, votre rendez-vous chez {business} pour {services} a été"
            " déplacé au {when}. Votre code de réservation reste {code}. À bientôt !"
        ),
    ),
    "booking_cancelled": (
        "Votre rendez-vous chez {business} est annulé",
        (
            "Bonjour {customer}, votre rendez-vous chez {business} pour {services} le {when}"
            " est annulé (code de réservation {code}). Nous serons heureux de vous accueillir"
            " une autre fois."
        ),
    ),
    "series_confirmed": (
        "Vos rendez-vous chez {business} à partir du {when}",
        (
            "Bonjour {customer}, {business} a réservé votre série de rendez-vous pour"
            " {services}. Le premier aura lieu le {when}, code de réservation {code}. À bientôt"
            " !"
        ),
    ),
    "booking_reminder": (
        "Rappel : {business}, {when}",
        (
            "Bonjour {customer}, {business} vous rappelle votre rendez-vous pour {services} le"
            " {when}. Votre code de réservation est {code}. Merci de nous prévenir rapidement en"
            " cas d’empêchement."
        ),
    ),
    "payment_link": (
        "Merci de régler votre rendez-vous chez {business}",
        (
            "Bonjour {customer}, merci de régler {amount} à {business} pour {services} le"
            " {when} (code de réservation {code}). Voici la page de paiement sécurisée : {link}"
            " – nous confirmons dès réception du paiement."
        ),
    ),
    "payment_refunded": (
        "{business} vous rembourse",
        (
            "Bonjour {customer}, {business} vous rembourse un paiement pour {services} le"
            " {when} (code de réservation {code}). Votre banque peut mettre quelques jours à"
            " l’afficher."
        ),
    ),
    "waitlist_offer": (
        "Une place se libère chez {business}",
        (
            "Bonne nouvelle, {customer} : {business} vous réserve une place pour {services} le"
            " {when}. Indiquez le code {code} pour la prendre. Passé le délai, elle sera"
            " proposée à la personne suivante."
        ),
    ),
    "receipt": (
        "Votre reçu de {business} ({code})",
        (
            "Bonjour {customer}, merci pour votre paiement. Vous trouverez en pièce jointe la"
            " facture de {business} pour {code}."
        ),
    ),
    "opted_out": (
        "",
        (
            "Vous ne recevrez plus de messages de {business} ici. Écrivez START pour en"
            " recevoir à nouveau."
        ),
    ),
    "account_trouble": (
        "{business} : {account} refuse l’accès",
        (
            "Bonjour, {account} a refusé l’accès de {business} ({why}). Rien n’est perdu : ce"
            " qui doit y partir attend que le compte soit enregistré à nouveau. Tout le reste"
            " continue normalement."
        ),
    ),
}

LABELS: Final[dict[str, str]] = {
    "staff": "Avec",
    "address": "Adresse",
    "closing": "Cordialement",
}
