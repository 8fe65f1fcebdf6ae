"""Scopes that a token may carry. A scope says what; the organisation's subtree says for whom."""

from enum import StrEnum


class Scope(StrEnum):
    """Closed list of rights. Reading what is public needs none."""

    ORGANIZATIONS_WRITE = "organizations:write"
    CLIENTS_ADMIN = "clients:admin"
    KEYS_ADMIN = "keys:admin"
    CALENDAR_WRITE = "calendar:write"
    EVENTS_READ = "events:read"
    AUDIT_READ = "audit:read"
    POLICY_WRITE = "policy:write"
    POLICY_IMPORT = "policy:import"
    POLICY_REVIEW = "policy:review"
    POLICY_APPROVE = "policy:approve"
    POLICY_SIGN = "policy:sign"
    POLICY_RELEASE = "policy:release"
    QUESTION_WRITE = "question:write"
    CONSULTATION_WRITE = "consultation:write"
    OPINION_WRITE = "opinion:write"
    OPINION_READ = "opinion:read"
    OPINION_IDENTIFY = "opinion:identify"
    DECISION_WRITE = "decision:write"
    COLLECTION_WRITE = "collection:write"
    ENQUIRY_WRITE = "enquiry:write"
    CLAUSE_WRITE = "clause:write"
    MATCH_RUN = "match:run"
    PROFILE_WRITE = "profile:write"
    SEARCH_ADMIN = "search:admin"
