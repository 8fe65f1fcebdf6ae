"""Every SQL statement and every engine call of search_sync. No decisions."""
