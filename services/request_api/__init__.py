"""Disclosure on request (依申请公开): from submission to archive, the statutory clock, decisions, cases, annual report."""
