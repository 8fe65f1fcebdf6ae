"""Statements behind the figures on interpretation, and whether links resolve both ways. No decisions.

Which classes are in scope and which day is too late come from the rules as parameters; figures and the lists behind
them read the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.policy_api.repository.reading import Reads, Rows

# Whether each side's public bytes name the other. Ids stand near the beginning of an interpretation, which may be long.
_FORWARD = "position(convert_to('\"id\":\"' || shown.id || '\"', 'UTF8') in policy.listing) > 0"
_BACK = """
    position(convert_to('"policy":{"id":"' || policy.id || '"', 'UTF8') in substring(shown.representation for 4000)) > 0
"""


@dataclass(frozen=True)
class Measured:
    """Which policies: published on one of `days`, of an organisation and those below, of a level."""

    today: date
    days: Sequence[date]
    due: Sequence[date]
    """Of each day, the last day for the interpretation."""
    always_in_scope: Sequence[str]
    organization: str | None = None
    level: str | None = None


def _measured(wanted: Measured, values: list[Any]) -> str:
    """The policies with their facts, as a common table expression; fills `values`."""
    values += [list(wanted.days), list(wanted.due), wanted.today, list(wanted.always_in_scope)]
    values += [min(wanted.days), max(wanted.days)]
    conditions = ["policy.state = 'public'", "policy.published_on BETWEEN $5 AND $6"]
    if wanted.organization is not None:
        values.append(wanted.organization)
        conditions.append(f"${len(values)} = ANY(policy.organization_path)")
    if wanted.level is not None:
        values.append(wanted.level)
        conditions.append(f"policy.level = ${len(values)}")
    return f"""
        WITH deadline AS (SELECT * FROM unnest($1::date[], $2::date[]) AS deadline(day, due_on)),
        candidate AS (
            SELECT policy.id, policy.title, policy.doc_no, policy.organization, policy.organization_name, policy.level,
                   policy.doc_class, policy.major, policy.livelihood, policy.market_related, policy.published_on,
                   policy.listing, deadline.due_on,
                   policy.doc_class = ANY($4) OR policy.doc_class = 'other'
                     AND (policy.major OR policy.livelihood OR policy.market_related) AS in_scope,
                   -- What explained an earlier text does not explain this one.
                   EXISTS (SELECT FROM policy_version WHERE policy_id = policy.id AND released_at IS NOT NULL
                           AND published_on < policy.published_on) AS is_later_text,
                   policy.doc_class <> ALL($4) AND EXISTS (
                       SELECT FROM dossier WHERE policy_id = policy.id AND state = 'released' AND exemption IS NOT NULL
                   ) AS is_exempt
            FROM policy JOIN deadline ON deadline.day = policy.published_on
            WHERE {" AND ".join(conditions)}
        ),
        measured AS (
            SELECT policy.*, facts.first_on, facts.forms, facts.links, facts.links_resolving,
                   CASE WHEN NOT policy.in_scope THEN NULL WHEN policy.is_exempt THEN 'exempt'
                        WHEN facts.first_on <= policy.published_on THEN 'same_day'
                        WHEN facts.first_on <= policy.due_on THEN 'in_time'
                        WHEN facts.first_on IS NOT NULL THEN 'late'
                        WHEN $3 <= policy.due_on THEN 'pending' ELSE 'missing' END AS timing
            FROM candidate AS policy LEFT JOIN LATERAL (
                SELECT min(shown.published_on) FILTER (WHERE shown.stage <> 'draft') AS first_on,
                       coalesce(array_agg(DISTINCT shown.form) FILTER (WHERE shown.stage <> 'draft'), '{{}}') AS forms,
                       count(*) AS links, count(*) FILTER (WHERE {_FORWARD} AND {_BACK}) AS links_resolving
                FROM interpretation AS shown
                WHERE shown.policy_id = policy.id AND shown.state = 'public'
                  AND (shown.published_on >= policy.published_on OR NOT policy.is_later_text)
            ) AS facts ON policy.in_scope
        )
    """  # noqa: S608  # fragments are constants of this module, values are bound


async def count(reads: Reads, wanted: Measured) -> Rows:
    """Counts by organisation and timing; null timing counts those out of scope."""
    values: list[Any] = []
    rows: Rows = await reads.fetch(
        f"""
        {_measured(wanted, values)}
        SELECT organization, max(organization_name) AS organization_name, timing, count(*) AS policies,
               coalesce(sum(cardinality(forms)), 0)::bigint AS forms,
               count(*) FILTER (WHERE cardinality(forms) >= 2) AS several_forms,
               coalesce(sum(links), 0)::bigint AS links, coalesce(sum(links_resolving), 0)::bigint AS links_resolving
        FROM measured GROUP BY organization, timing ORDER BY organization, timing
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows


async def list_measured(
    reads: Reads, wanted: Measured, *, timing: str | None, after: tuple[date, UUID] | None, limit: int
) -> Rows:
    """The policies in scope behind the counts, newest first; one more than `limit` when there are more."""
    values: list[Any] = []
    source = _measured(wanted, values)
    conditions = ["timing IS NOT NULL"]
    if timing is not None:
        values.append(timing)
        conditions.append(f"timing = ${len(values)}")
    if after is not None:
        values += after
        conditions.append(f"(published_on, id) < (${len(values) - 1}::date, ${len(values)}::uuid)")
    values.append(limit + 1)
    rows: Rows = await reads.fetch(
        f"""
        {source}
        SELECT id, title, doc_no, organization, organization_name, level, doc_class, major, livelihood, market_related,
               published_on, due_on, first_on, forms, links, links_resolving, timing
        FROM measured WHERE {" AND ".join(conditions)} ORDER BY published_on DESC, id DESC LIMIT ${len(values)}
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows


async def check_links(reads: Reads, policy_id: UUID, *, limit: int) -> Rows:
    """Every link of a policy: kind, id, title of the other side, and what is wrong with it, null when it resolves.

    Unresolved ones first.
    """
    rows: Rows = await reads.fetch(
        f"""
        SELECT kind, id, title, problem FROM (
            SELECT 'interpretation' AS kind, shown.id, shown.title,
                   CASE WHEN NOT {_FORWARD} THEN 'not_shown_here' WHEN NOT {_BACK} THEN 'not_shown_there' END AS problem
            FROM interpretation AS shown JOIN policy ON policy.id = shown.policy_id
            WHERE shown.policy_id = $1 AND shown.state = 'public'
            UNION ALL
            SELECT DISTINCT entry.kind, entry.id, entry.title,
                   CASE WHEN position(convert_to('"id":"' || $1 || '"', 'UTF8') in entry.listing) = 0
                        THEN 'not_shown_there' END
            FROM entry_link AS link JOIN entry ON entry.id = link.entry_id
            WHERE link.target_id = $1 AND entry.state = 'public'
            UNION ALL
            SELECT 'relation', relation.target_id, coalesce(target.title, relation.target_title, relation.target_doc_no),
                   CASE WHEN relation.target_id IS NULL THEN 'not_in_library'
                        WHEN target.state <> 'public' THEN 'not_public'
                        WHEN position(convert_to('"policy_id":"' || $1 || '"', 'UTF8') in target.listing) = 0
                        THEN 'not_shown_there' END
            FROM relation LEFT JOIN policy AS target ON target.id = relation.target_id WHERE relation.source_id = $1
            UNION ALL
            SELECT 'relation', source.id, source.title,
                   CASE WHEN position(convert_to('"policy_id":"' || source.id || '"', 'UTF8') in policy.listing) = 0
                        THEN 'not_shown_here' END
            FROM relation JOIN policy AS source ON source.id = relation.source_id AND source.state = 'public'
            JOIN policy ON policy.id = relation.target_id WHERE relation.target_id = $1
        ) AS link ORDER BY problem IS NULL, kind, id LIMIT $2
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        policy_id,
        limit,
    )
    return rows
