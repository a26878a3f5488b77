"""What a relay does besides delivering: its own jobs by interval, and the businesses' by cron."""
