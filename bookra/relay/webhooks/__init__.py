"""What providers tell us by themselves: signed webhooks, kept before they are acknowledged."""
