"""Other calendars: reading iCalendar files, and keeping their busy times."""
