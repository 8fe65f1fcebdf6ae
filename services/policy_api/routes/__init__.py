"""HTTP routes of policy_api: parse, authorise, call one use case, answer."""
