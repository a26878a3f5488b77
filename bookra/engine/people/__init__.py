"""People: staff, resources and customers."""
