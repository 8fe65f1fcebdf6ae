"""Every SQL statement of policy_api. No decisions."""
