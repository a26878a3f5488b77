"""Stand-ins for Stripe, Google Calendar, WhatsApp and mail on loopback, for demos and tests.

The program's real clients talk to them, so they refuse what the real ones refuse. They know
nothing of Bookra's engine: what they saw is evidence of its own.
"""

from bookra.sandbox.client import SandboxClient
from bookra.sandbox.google_accounts import (
    open_google_service_account,
    set_google_zone,
    share_google_calendar,
)
from bookra.sandbox.opening import (
    GoogleCalendar,
    MailAccount,
    StripeAccount,
    WhatsAppSender,
    open_google_calendar,
    open_mail_account,
    open_stripe_account,
    open_stripe_platform,
    open_whatsapp_sender,
)
from bookra.sandbox.service import serve

__all__ = [
    "GoogleCalendar",
    "MailAccount",
    "SandboxClient",
    "StripeAccount",
    "WhatsAppSender",
    "open_google_calendar",
    "open_google_service_account",
    "open_mail_account",
    "open_stripe_account",
    "open_stripe_platform",
    "open_whatsapp_sender",
    "serve",
    "set_google_zone",
    "share_google_calendar",
]
