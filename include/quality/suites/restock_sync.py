"""What must hold of a price list before anybody may fetch it."""

from include.quality.suite import ColumnCheck, SqlCheck, Suite

OWN = "channel.batch_own_offer"
STAGED = "channel.batch_feed_offer"

SUITE = Suite(
    "restock_sync",
    checks=(
        ColumnCheck(
            "own_sku_legal", OWN, "ExpectColumnValuesToMatchRegex",
            {"column": "offer_sku", "regex": "^[A-Za-z0-9]{1,20}$"}, key="offer_sku", severity="batch",
        ),
        ColumnCheck(
            "own_price_positive", OWN, "ExpectColumnValuesToBeBetween",
            {"column": "price", "min_value": 1}, key="offer_sku", severity="batch",
        ),
        ColumnCheck(
            "own_price_known", OWN, "ExpectColumnValuesToNotBeNull",
            {"column": "price"}, key="offer_sku", severity="batch",
        ),
        ColumnCheck(
            "own_quantity_positive", OWN, "ExpectColumnValuesToBeBetween",
            {"column": "quantity", "min_value": 1}, key="offer_sku", severity="batch",
        ),
        ColumnCheck(
            "nothing_taken_from_base", STAGED, "ExpectColumnValuesToBeBetween",
            {"column": "added_quantity", "min_value": 0}, key="offer_sku", severity="batch",
        ),
        SqlCheck("channel/feed_offer__no_base_offer_lost"),
        SqlCheck("channel/feed_offer__never_above_base_and_returns"),
        SqlCheck("channel/feed_offer__units_behind"),
        SqlCheck("channel/feed_offer__no_used_goods"),
        SqlCheck("channel/feed_offer__resale_price_in_band"),
        SqlCheck("channel/feed_offer__own_sku_linked"),
        SqlCheck("channel/feed_version__valid"),
        SqlCheck("channel/feed_version__not_empty"),
        SqlCheck("channel/feed_offer__cautious_only_lowers"),
        SqlCheck("channel/base_list__fresh"),
        SqlCheck("channel/off_kaspi_list__price_in_band"),
        SqlCheck("channel/base_list__read", severity="warning"),
        SqlCheck("channel/feed_version__base_rules", severity="warning"),
    ),
)  # fmt: skip
