"""Use cases of search_sync, each as its sentence in the specification."""
