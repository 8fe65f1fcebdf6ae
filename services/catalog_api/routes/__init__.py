"""HTTP routes of catalog_api: parse, authorise, call one use case, answer."""
