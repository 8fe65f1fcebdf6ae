"""Rules of disclosure on request. Pure: no I/O, no framework; days, calendars and settings are arguments."""
