"""Tables of messages: the words of a business, each message, and what the provider said of it.

No text of a message and no address is stored: a message is its template, its booking and its
customer, and is written anew whenever it is sent or shown.
"""

from __future__ import annotations

from sqlalchemy import Index, text

from bookra.engine import schema as s

# A business's own words for a template; without a row the program's own hold.
message_templates = s.tenant_table(
    "message_templates",
    s.required("name", s.Text),
    s.required("channel", s.Text),
    s.required("language", s.Text),
    s.required("subject", s.Text, server_default=""),
    s.required("body", s.Text, server_default=""),
    # What WhatsApp approved: the template's name and language code there.
    s.optional("provider_name", s.Text),
    s.optional("provider_language", s.Text),
    s.instant("created_at"),
    s.unique("name", "channel", "language"),
    s.one_of("channel", "whatsapp", "mail"),
)

# ``once_key`` says which message it is (a reminder of this visit at this time): none is sent twice.
# ``provider_ref`` is the provider's id of it; statuses only ever go forward.
messages = s.tenant_table(
    "messages",
    s.required("once_key", s.Text),
    s.required("template", s.Text),
    s.required("channel", s.Text),
    s.optional("booking_id", s.Uuid),
    s.optional("order_id", s.Uuid),
    s.optional("customer_id", s.Uuid),
    s.required("status", s.Text, server_default="planned"),
    s.optional("provider_ref", s.Text),
    s.optional("error_code", s.Text),
    s.optional("instead_of", s.Uuid),
    s.instant("created_at"),
    s.instant("status_at"),
    s.refers("booking_id", "bookings"),
    s.refers("order_id", "orders"),
    s.refers("customer_id", "customers"),
    s.refers("instead_of", "messages"),
    s.unique("once_key"),
    s.one_of("channel", "whatsapp", "mail"),
    s.one_of(
        "status",
        "planned",
        "sending",
        "sent",
        "delivered",
        "read",
        "failed",
        "unknown",
        "skipped",
    ),
)
Index(None, messages.c.tenant_id, messages.c.booking_id)
Index(None, messages.c.tenant_id, messages.c.customer_id)
Index(
    "messages_provider_ref_key",
    messages.c.tenant_id,
    messages.c.provider_ref,
    unique=True,
    postgresql_where=text("provider_ref IS NOT NULL"),
)
Index(
    "messages_open_idx",
    messages.c.tenant_id,
    messages.c.status_at,
    postgresql_where=text("status IN ('planned', 'sending', 'unknown')"),
)

# What a provider said of a message, kept as it came: it may come before the answer to the call.
message_statuses = s.tenant_table(
    "message_statuses",
    s.required("provider_ref", s.Text),
    s.required("status", s.Text),
    s.optional("error_code", s.Text),
    s.instant("happened_at"),
    s.required("received_at", s.INSTANT, server_default=s.NOW),
    s.unique("provider_ref", "status"),
    s.one_of("status", "sent", "delivered", "read", "failed"),
    changes=False,
)
