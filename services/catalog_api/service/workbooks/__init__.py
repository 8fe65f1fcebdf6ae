"""Reads uploaded workbooks, in a process of its own (`python -m services.catalog_api.service.workbooks`)."""
