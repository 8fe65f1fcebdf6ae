"""Statements on clauses as matching reads them: all at one moment, then what the log tells of them. No decisions."""

from services.policy_api.repository.reading import Reads, Rows


async def read_head(reads: Reads) -> Rows:
    """Where the log ends, and the time: every commit from before it is within that end."""
    rows: Rows = await reads.fetch("SELECT epoch, seq, pruned_through, now() AS at FROM log_head")
    return rows


async def list_all(reads: Reads) -> Rows:
    """Every public clause beside the log's end, in one statement and so of one moment; one row without when there is none."""
    rows: Rows = await reads.fetch(
        """
        SELECT log_head.epoch, log_head.seq, now() AS at, entry.id, entry.representation
        FROM log_head LEFT JOIN entry ON entry.kind = 'clause' AND entry.state = 'public'
        """
    )
    return rows


async def list_changes(reads: Reads, after: int) -> Rows:
    """What the log told of clauses since, in order, beside its end; one row without when it told nothing."""
    rows: Rows = await reads.fetch(
        """
        SELECT log_head.epoch, log_head.seq, log_head.pruned_through, now() AS at, told.subject, told.data
        FROM log_head LEFT JOIN (
            SELECT seq, envelope::json ->> 'subject' AS subject, (envelope::json -> 'data')::text AS data
            FROM event WHERE seq > $1 AND envelope::json ->> 'type' LIKE 'clause.%'
        ) AS told ON true
        ORDER BY told.seq
        """,
        after,
    )
    return rows
