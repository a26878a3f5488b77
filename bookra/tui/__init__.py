"""The front desk: a Textual dashboard over the same engine as the commands."""

import os

# Textual gathers what is to be painted until its next tick, sixty times a second unless told
# otherwise: two ticks lie between a key and its picture. It reads this once, when it is imported.
os.environ.setdefault("TEXTUAL_FPS", "500")
