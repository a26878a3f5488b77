"""What an invoice says in words of its own, in four languages. It is stored and never worded again.

Labels of the page are in ``pdf``: they may be worded better one day. What stands here is content.
"""

from __future__ import annotations

LANGUAGES = ("en", "de", "fr", "es")

_WORDS = {
    "walk-in": ("Walk-in customer", "Laufkundschaft", "Client de passage", "Cliente de paso"),
    "gift-card": ("Gift card", "Gutschein", "Carte cadeau", "Tarjeta regalo"),
    "package": ("Package", "Paket", "Forfait", "Bono"),
    "membership": ("Membership", "Mitgliedschaft", "Abonnement", "Membresía"),
    "visits": ("{} visits", "{} Besuche", "{} séances", "{} visitas"),
    "untaxed": (
        "No tax is due on this sale: it is charged when the value is used.",
        "Auf diesen Verkauf fällt keine Steuer an: sie wird bei der Einlösung berechnet.",
        "Aucune taxe n’est due sur cette vente : elle est facturée lors de l’utilisation.",
        "Esta venta no lleva impuesto: se cobra cuando se utiliza el valor.",
    ),
    "late-cancel": (
        "Fee for a late cancellation",
        "Gebühr für die späte Absage",
        "Frais d’annulation tardive",
        "Cargo por cancelación tardía",
    ),
    "no-show": (
        "Fee for a missed visit",
        "Gebühr für das Nichterscheinen",
        "Frais de rendez-vous manqué",
        "Cargo por no presentarse",
    ),
}


def words(key: str, language: str) -> str:
    """Return a text in the language of a BCP 47 tag; in English where there is none."""
    code = language.replace("_", "-").partition("-")[0].lower()
    return _WORDS[key][LANGUAGES.index(code) if code in LANGUAGES else 0]
