"""Every SQL statement of exchange_api. No decisions."""
