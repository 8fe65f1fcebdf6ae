"""Every SQL statement of request_api. No decisions."""
