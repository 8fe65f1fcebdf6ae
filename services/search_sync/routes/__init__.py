"""HTTP routes of search_sync: parse, authorise, call one use case, answer."""
