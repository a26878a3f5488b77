"""The waitlist: who waits for what, and who is offered an opening."""
