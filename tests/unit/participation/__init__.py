"""The rules of public participation."""
