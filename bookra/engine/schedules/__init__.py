"""What recurs: cron expressions in a business's own zone, each due time run once."""
