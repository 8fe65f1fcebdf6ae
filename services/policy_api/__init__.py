"""Policies with every version, their interpretations, and the three-synchronised gate (三同步)."""
