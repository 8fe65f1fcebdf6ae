"""Schemas that cross a service's border. Pydantic and the standard library only."""
