"""What each kind of Stripe's events and movements means here: fetched afresh, settled once."""
