"""What exchange_api tells of its state to who watches it."""

from shared.kit.state_metrics import StateMetric, by_query

FROM_TABLES = (
    StateMetric(
        "mingquan_deliveries",
        "Messages to subscribers that wait or were given up.",
        ("state",),
        by_query(
            "SELECT wanted.state, count(delivery.seq) FROM unnest(ARRAY['pending', 'dead']) AS wanted(state)"
            " LEFT JOIN delivery ON delivery.state = wanted.state GROUP BY 1",
            labels=1,
        ),
    ),
    StateMetric(
        "mingquan_delivery_oldest_seconds",
        "How long the oldest message waits that was not given up.",
        (),
        by_query(
            "SELECT coalesce(extract(epoch FROM $1 - min(message.occurred_at)), 0) FROM delivery"
            " JOIN message ON message.id = delivery.message_id WHERE delivery.state = 'pending'"
        ),
    ),
    StateMetric(
        "mingquan_subscriptions_disabled",
        "Subscriptions that are sent nothing.",
        (),
        by_query("SELECT count(*) FROM subscription WHERE state = 'disabled'"),
    ),
    StateMetric(
        "mingquan_inbound",
        "Messages of partners that wait to be carried out or were given up.",
        ("state",),
        by_query(
            "SELECT wanted.state, count(inbound.seq) FROM unnest(ARRAY['stored', 'dead']) AS wanted(state)"
            " LEFT JOIN inbound ON inbound.state = wanted.state GROUP BY 1",
            labels=1,
        ),
    ),
    StateMetric(
        "mingquan_reader_lag_seconds",
        "Since a reader last had everything that a log had.",
        ("reader", "source"),
        by_query(
            "SELECT 'webhooks', source, extract(epoch FROM $1 - coalesce(caught_up_at, moved_at)) FROM reading_position",
            labels=2,
        ),
    ),
)
