"""Classes: sessions that take place, and the seats in them."""
