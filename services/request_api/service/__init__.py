"""Use cases of request_api, each as its sentence in the specification."""
