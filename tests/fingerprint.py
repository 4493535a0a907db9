"""Whether the tables that mean something to the business are the same as before, row by row."""

from include.db.connection import connect

SCHEMAS = ("raw", "core", "ledger", "channel", "mart")
TABLES = """
select
    format('%%I.%%I', table_schema, table_name) as name
from information_schema.tables
where
    table_schema = any(%s)
    and table_type = 'BASE TABLE'
    and table_name not like 'stage%%'
order by 1
"""
# These record that somebody looked, or who came first; they are no facts of the business.
LOOKS = {
    "raw.order_payload": ("first_run",),
    "raw.wms_event": ("position",),
    "core.warehouse_event": ("position",),
    "channel.base_list": ("last_checked_at",),
    "channel.feed_fetch": ("id", "fetched_at", "status", "user_agent", "version", "merchant_id"),
    "channel.observation": ("observed_at", "on_sale", "price", "quantity", "merchant_id", "offer_sku", "store_id"),
}


def fingerprint(dsn: str, *, schemas: tuple[str, ...] = SCHEMAS) -> dict[str, str]:
    """Return for each business table the number of its rows and a hash over all of them."""
    found: dict[str, str] = {}
    with connect(dsn) as conn:
        for row in conn.execute(TABLES, (list(schemas),)).fetchall():
            name = row["name"]
            ignored = list(LOOKS.get(name, ()))
            answer = conn.execute(
                f"select count(*) || ':' || coalesce(md5(string_agg(line, '|' order by line)), '') as mark "  # type: ignore[arg-type]
                f"from (select (to_jsonb(t) - %s::text[])::text as line from {name} as t) as lines",
                (ignored,),
            ).fetchone()
            assert answer is not None
            found[name] = answer["mark"]
    return found
