"""HTTP routes of exchange_api: parse, authorise, call one use case, answer."""
