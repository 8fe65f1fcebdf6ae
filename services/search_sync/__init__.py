"""Follows the services' logs, keeps Meilisearch equal to them, and answers searches."""
