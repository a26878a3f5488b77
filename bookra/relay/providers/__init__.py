"""Clients of Stripe, Google Calendar and WhatsApp: the only holders of a wire."""
