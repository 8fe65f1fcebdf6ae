"""Rules of the disclosure catalog."""
