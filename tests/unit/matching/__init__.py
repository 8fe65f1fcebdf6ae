"""Rules of matching."""
