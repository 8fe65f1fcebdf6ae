"""Every SQL statement of catalog_api. No decisions."""
