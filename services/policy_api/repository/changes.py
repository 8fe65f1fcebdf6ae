"""Statements on what changed in public view, newest first, from the event log. No decisions."""

from services.policy_api.repository.reading import Reads, Rows


async def list_latest(reads: Reads, *, before: int | None, limit: int) -> Rows:
    """The facts of events without their representations; `before` is a sequence number."""
    rows: Rows = await reads.fetch(
        """
        SELECT seq, recorded_at, told ->> 'type' AS type, told ->> 'subject' AS subject, told #>> '{data,title}' AS title,
               told #>> '{data,organization,name}' AS organization, told #>> '{data,validity}' AS validity
        FROM (
            SELECT seq, recorded_at, envelope::json AS told FROM event
            WHERE $1::bigint IS NULL OR seq < $1 ORDER BY seq DESC LIMIT $2
        ) AS latest
        ORDER BY seq DESC
        """,
        before,
        limit,
    )
    return rows
