"""What other programs exported: customers, services, staff and appointments from CSV files."""
