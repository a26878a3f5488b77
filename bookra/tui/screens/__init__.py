"""The screens and dialogs of the front desk."""
