"""HTTP routes of request_api: parse, authorise, call one use case, answer."""
