"""Use cases of exchange_api, each as its sentence in the specification."""
