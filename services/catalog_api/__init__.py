"""The disclosure catalog of city, district and town: what must be published, by whom, by when, where; and what was."""
