"""What each check promises, in words: the heading of its row on the quality pages."""

from include.locale.words import Words
from include.quality.suite import ColumnCheck, SqlCheck


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


PROMISES = {
    "code_is_a_number": _("The order's code is a number."),
    "created_at_is_known": _("It is known when the order was placed."),
    "price_is_sane": _("The order's price is between 0 and 100 million tenge."),
    "state_is_known": _("The order's state is one that we know."),
    "status_is_known": _("The order's status is one that we know."),
    "quantity_is_positive": _("Each line sells more than 0 and at most 10,000 pieces."),
    "sku_is_known": _("Each line names its SKU."),
    "cancellation_reason_is_known": _("The reason of a cancellation is one that we know."),
    "raw/order_payload__no_schema_drift": _(
        "Kaspi's answers have the fields that are known, or somebody has acknowledged the change."
    ),
    "raw/stage_order__has_lines": _("Every order has a line."),
    "raw/stage_order__handed_over_after_creation": _("Nothing was handed over before it was ordered."),
    "raw/stage_order__one_order_a_code": _("A code names one order."),
    "raw/stage_order__every_page_is_stored": _("As many orders were read as Kaspi counted."),
    "application_order_is_a_number": _("The order's code of an application is a number."),
    "application_quantity_is_sane": _("An application is about at least one piece, and not about absurdly many."),
    "application_tab_is_known": _("The tab of an application is one that we know."),
    "application_step_is_known": _("The step of an application is one that we know."),
    "application_reason_is_known": _("The reason of an application is one that we know."),
    "raw/application__one_order_a_number": _("An application belongs to one order for ever."),
    "raw/application__not_before_its_order": _("Nobody sends back what was not ordered yet."),
    "raw/application__not_from_the_future": _("No application speaks of the future."),
    "raw/application__order_is_here": _("The order of every application is here."),
    "raw/application__line_is_known": _("It is known which line of its order an application is about."),
    "raw/application__no_more_than_sold": _("No more pieces are applied for than were sold."),
    "occurred_at_is_sane": _("A warehouse event says when it happened."),
    "actor_is_known": _("A warehouse event says who did it."),
    "store_is_known": _("A warehouse event names its store."),
    "raw/wms_event__not_from_the_future": _("No warehouse event is from the future."),
    "raw/wms_event__store_is_the_merchants": _("The store of an event is the merchant's own."),
    "raw/wms_event__returns_no_more_than_sold": _("No more pieces of an order come back than it had."),
    "own_sku_legal": _("The SKU of a resale offer keeps Kaspi's rules."),
    "own_price_positive": _("The price of a resale offer is at least 1 tenge."),
    "own_price_known": _("A resale offer has a price."),
    "own_quantity_positive": _("A resale offer has at least one piece."),
    "nothing_taken_from_base": _("Nothing is taken off the merchant's own counts."),
    "channel/feed_offer__no_base_offer_lost": _("Every offer of the merchant's own list is in the new one, unchanged."),
    "channel/feed_offer__never_above_base_and_returns": _(
        "No count is above the merchant's own and the returned free pieces."
    ),
    "channel/feed_offer__units_behind": _("Every added piece is a piece that lies here."),
    "channel/feed_offer__no_used_goods": _("Nothing used or repaired is offered on Kaspi."),
    "channel/feed_offer__resale_price_in_band": _("A resale offer is 5 to 10 % below the main one."),
    "channel/feed_offer__own_sku_linked": _("The SKU of a resale offer has a card and is nobody else's."),
    "channel/feed_version__valid": _("The list keeps Kaspi's schema and rules."),
    "channel/feed_version__not_empty": _("The list has offers, no fewer than the merchant's own."),
    "channel/feed_offer__cautious_only_lowers": _("A list that goes out in doubt raises no count and no price."),
    "channel/base_list__fresh": _("The merchant's own list was read not long ago."),
    "channel/off_kaspi_list__price_in_band": _("Goods off Kaspi are 5 to 10 % below the main offer."),
    "channel/base_list__read": _("The merchant's own list was read by this run."),
    "channel/feed_version__base_rules": _("The merchant's own offers keep Kaspi's rules."),
    "desired_not_negative": _("No offer should show less than nothing."),
    "published_known": _("It is known what was published."),
    "observed_not_negative": _("Buyers see no negative count."),
    "mart/stage_offer_sync__desired_is_base_and_ledger": _(
        "What should be on sale is the merchant's count and the ledger's pieces, counted in two ways."
    ),
    "mart/stage_offer_sync__divergence_has_age": _("Every divergence says since when and why."),
    "kpi_is_defined": _("Every figure is one that is defined."),
    "kpi_counts_units": _("A figure counts no fewer than 0 pieces."),
    "cohort_sold_is_not_negative": _("A cohort sold no fewer than 0 pieces."),
    "signal_q_value_is_a_probability": _("The q-value of a signal is between 0 and 1."),
    "mart/action_effect__lies_in_its_interval": _("An effect lies in its interval."),
    "mart/cause_share__adds_up": _("The shares of causes make up one."),
    "mart/cohort_weekly__returned_within_sold": _("No more comes back than was sold."),
    "mart/cause_weekly__adds_up_to_cohorts": _("Causes and cohorts count the same returns."),
    "mart/kpi_weekly__shares_lie_in_their_interval": _("A share is between 0 and 1 and in its interval."),
    "mart/kpi_weekly__only_full_weeks": _("Figures are of weeks that are over."),
    "mart/kpi_weekly__whole_is_the_sum_of_its_merchants": _("The whole is the sum of its merchants."),
    "quarantine_is_not_old": _("No record is put aside for more than 14 days."),
    "replayed_records_came_back": _("What was to be judged again came back within a day."),
    "core/customer_order__nothing_without_it": _("Every line and status has its order, every order its merchant."),
    "mart/balance_daily__closes": _("The balance closes for every state and day."),
    "ledger/unit_event__seq_has_no_gap": _("A piece's events have no gap."),
    "ledger/unit_event__nobody_may_change_it": _("Nobody may change what happened."),
    "ledger/unit__stands_where_it_was_left": _("Every piece stands where its last event left it."),
    "ledger/unit__received_is_accepted_scans": _("Received pieces are the accepted scans."),
    "ledger/unit__no_used_goods_on_kaspi": _("Nothing used or repaired stands on Kaspi."),
    "ledger/unit__has_a_return_kind": _("Every piece has a kind of return."),
    "channel/addition__is_a_decision_of_the_ledger": _("What is offered is what was decided, piece by piece."),
    "core/unit_cost__every_step_has_its_cost": _("Every step that costs something has its cost."),
    "core/unit_cost__is_known": _("Every cost is known."),
    "mart/unit__costs_add_up": _("The costs of a piece add up."),
    "core/claim__is_its_last_event": _("A claim stands where its last event left it."),
    "core/unit_verdict__is_what_the_facts_say": _("The verdict of a piece is what the facts say."),
    "core/discrepancy__is_its_verdict": _("A difference is open while its verdict says so."),
    "core/supplier_claimed__is_a_live_claim": _("A piece is claimed where a claim that stands names it."),
}


def subject_of(check: ColumnCheck | SqlCheck) -> str:
    """Return the table or view that the check looks at; a check file is named after it."""
    return check.subject if isinstance(check, ColumnCheck) else check.name.partition("__")[0].replace("/", ".")


def promise_of(words: Words, name: str) -> str:
    """Return the promise of a check; what is no check (a reason of the quarantine may be any text) as it is."""
    return words._(PROMISES[name]) if name in PROMISES else name
