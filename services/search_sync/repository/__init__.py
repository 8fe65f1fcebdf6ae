"""Every SQL statement of search_sync. No decisions."""
