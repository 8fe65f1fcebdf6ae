"""Use cases of policy_api, each as its sentence in the specification."""
