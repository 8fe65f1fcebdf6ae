"""Organisations, API clients and their tokens, the working-day calendar."""
