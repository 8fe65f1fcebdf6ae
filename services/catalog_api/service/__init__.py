"""Use cases of catalog_api, each as its sentence in the specification."""
