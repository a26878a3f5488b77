"""The front desk: a Textual dashboard over the same engine as the commands."""
