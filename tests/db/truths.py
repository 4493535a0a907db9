"""What of the sandbox's truth the tables must say, and how it is compared: exactly, merchant by merchant."""

from tests.flow_driver import World

COUNTS = """
select
    unit.merchant_id,
    count(requested_at) as requested_certain,
    count(received_at) as received,
    count(inspected_at) as inspected,
    count(qc_at) as qc_passed,
    count(*) filter (where state = 'written_off') as written_off,
    count(*) filter (where state = 'to_supplier') as to_supplier,
    count(*) filter (where state = 'disposed') as disposed,
    count(*) filter (where state = 'returned_to_buyer') as returned_to_buyer
from ledger.unit
group by unit.merchant_id
"""
ORDERS = """
select
    merchant_id,
    count(distinct order_id) as orders,
    count(*) as order_lines
from core.order_line
group by merchant_id
"""
CASES = """
select
    merchant_id,
    count(*) as cases_signalled,
    count(*) filter (where quantity is null) as unquantified
from core.return_case
where signal_status is not null
group by merchant_id
"""
FINDINGS = """
select
    merchant_id,
    count(*) filter (where outcome = 'duplicate_scan') as duplicate_scans,
    count(*) filter (where type = 'missing_from_parcel') as missing_from_parcel
from core.warehouse_event
group by merchant_id
"""


def check_against_the_truth(world: World, statement: str) -> None:
    truth = world.truth()["world"]["merchants"]
    found = {row.pop("merchant_id"): row for row in world.query(statement)}
    assert found == {
        merchant_id: {name: facts[name] for name in found[merchant_id]} for merchant_id, facts in truth.items()
    }
