"""Stand-ins for Stripe, Google Calendar and WhatsApp on loopback, for demos and tests."""
