-- Kaspi forbids used goods: no unit with signs of use, and none that was repaired, stands behind one of its offers,
-- whatever is written, by whom and in which order. And what a decision adds to an offer it adds once.

-- What the events say, whatever the projection does: signs of use that one inspection saw do not go away by another.
create function ledger.forbidden_on_kaspi(unit uuid)
returns text
language sql stable
as $$
    select case
        when bool_or(event.type = 'repaired') then 'it was repaired'
        when bool_or(event.type = 'inspected' and (event.payload ->> 'signs_of_use')::boolean) then 'it has signs of use'
        when bool_or(event.type = 'inspected') is not true then 'nobody has looked for signs of use'
    end
    from ledger.effective_event as event
    where event.unit_id = unit and event.type in ('inspected', 'repaired')
$$;
comment on function ledger.forbidden_on_kaspi is 'Why the unit may not be a Kaspi offer, by its events; NULL: it may.';

-- The projection learns it, too. Units that stand on an offer are left to the gate, which names and holds them.
update ledger.unit
set signs_of_use = true
where
    signs_of_use is false
    and (channel is null or channel = 'off_kaspi')
    and exists (
        select 1
        from ledger.effective_event as seen
        where
            seen.unit_id = unit.unit_id
            and seen.type = 'inspected'
            and (seen.payload ->> 'signs_of_use')::boolean
    );

-- One standing addition a unit: a second decision about it comes after the first was withdrawn.
update channel.addition
set withdrawn_at = newer.decided_at
from channel.addition as newer
where
    addition.withdrawn_at is null
    and addition.unit_id = newer.unit_id
    and addition.decision_seq < newer.decision_seq;
create unique index addition_one_stands on channel.addition (unit_id) where withdrawn_at is null;

-- An addition is what an event decided, of this unit, for this offer; and on Kaspi it is of a unit that may be there.
-- The unit's row is locked, so that no fact about it comes in between.
create function channel.check_addition() returns trigger language plpgsql as $$
declare
    why text;
begin
    perform from ledger.unit where unit_id = new.unit_id for share;
    if not exists (
        select from ledger.unit_event as decided
        where
            decided.unit_id = new.unit_id
            and decided.seq = new.decision_seq
            and decided.type = 'restock_pending'
            and decided.payload ->> 'channel' = new.channel
            and decided.payload ->> 'offer_sku' = new.offer_sku
    ) then
        raise exception 'unit %: event % did not decide to add it to % %: book the decision first',
            new.unit_id, new.decision_seq, new.channel, new.offer_sku using errcode = 'check_violation';
    end if;
    if new.channel <> 'off_kaspi' and new.withdrawn_at is null then
        select coalesce(
            ledger.forbidden_on_kaspi(unit_id),
            case
                when repaired then 'it was repaired'
                when signs_of_use is not false then 'it has signs of use'
                when channel is distinct from new.channel then 'the ledger does not offer it there'
            end
        )
        into why
        from ledger.unit
        where unit_id = new.unit_id;
        if why is not null or not found then
            raise exception 'unit % may not stand behind the Kaspi offer %: %',
                new.unit_id, new.offer_sku, coalesce(why, 'the ledger does not know it')
                using errcode = 'check_violation', constraint = 'no_used_goods_on_kaspi';
        end if;
    end if;
    return null;
end
$$;
create trigger is_decided_and_fit
after insert or update of unit_id, decision_seq, channel, offer_sku, withdrawn_at on channel.addition
for each row when (new.withdrawn_at is null) execute function channel.check_addition();
create trigger was_decided
after insert or update of unit_id, decision_seq, channel, offer_sku on channel.addition
for each row when (new.withdrawn_at is not null) execute function channel.check_addition();

-- A unit that leaves its offer in the ledger leaves it here in the same transaction. So a finding of signs of use,
-- which cannot come before, meets no offer that stands.
create function channel.withdraw_addition() returns trigger language plpgsql as $$
begin
    update channel.addition
    set withdrawn_at = (
        select max(event.recorded_at)
        from ledger.unit_event as event
        where event.unit_id = new.unit_id
    )
    from ledger.unit as unit
    where
        addition.unit_id = new.unit_id
        and unit.unit_id = new.unit_id
        and addition.withdrawn_at is null
        and (unit.channel, unit.offer_sku) is distinct from (addition.channel, addition.offer_sku);
    return null;
end
$$;
create constraint trigger leaves_its_offer
after update on ledger.unit deferrable initially deferred
for each row when (
    old.channel is not null and (old.channel, old.offer_sku) is distinct from (new.channel, new.offer_sku)
)
execute function channel.withdraw_addition();

-- A list is published only while every unit that it would sell on Kaspi still stands behind its offer.
create function channel.check_published() returns trigger language plpgsql as $$
declare
    gone record;
begin
    select
        carried.unit_id,
        carried.offer_sku
    into gone
    from channel.stage_addition as carried
    left join channel.addition
        on
            carried.unit_id = addition.unit_id
            and carried.decision_seq = addition.decision_seq
            and addition.withdrawn_at is null
    where
        carried.merchant_id = new.merchant_id
        and carried.dag_id = new.dag_id
        and carried.run_id = new.run_id
        and carried.channel <> 'off_kaspi'
        and (addition.unit_id is null or ledger.forbidden_on_kaspi(carried.unit_id) is not null)
    limit 1;
    if found then
        raise exception 'version % of %: unit % was taken off the offer % after the list was composed: compose it anew',
            new.version, new.merchant_id, gone.unit_id, gone.offer_sku
            using errcode = 'check_violation', constraint = 'no_used_goods_on_kaspi';
    end if;
    return null;
end
$$;
create trigger sells_what_stands
after insert or update of status on channel.feed_version
for each row when (new.status = 'published') execute function channel.check_published();

-- As include/domain/unit_life.py has it (a test compares): an event of one of these types that waits for an offered
-- unit says that somebody has it in hand again.
create function ledger.off_the_shelf()
returns text[]
language sql immutable
as $$
    select array[
        'inspected', 'wrong_item', 'repacked', 'in_repair', 'unrecoverable', 'qc_failed', 'returned_to_buyer'
    ]
$$;

-- A unit on an offer of which somebody tells a new work (it is looked at, packed, opened, given back) is on the shelf
-- no more, though the ledger cannot book that before it is withdrawn.
create or replace view channel.offered_unit as
select
    addition.merchant_id,
    addition.unit_id,
    addition.decision_seq,
    addition.store_id,
    addition.channel,
    addition.offer_sku,
    unit.sku,
    unit.state,
    unit.signs_of_use,
    unit.repaired,
    addition.quantity,
    addition.price,
    addition.decided_at,
    addition.waiting_reason,
    addition.published_version,
    addition.published_at,
    addition.fetched_at,
    unit.qc_at,
    reservation.unit_id is not null as reserved
from channel.addition as addition
inner join ledger.unit as unit on addition.unit_id = unit.unit_id
left join channel.sale as reservation
    on addition.unit_id = reservation.unit_id and reservation.state = 'reserved'
where
    addition.withdrawn_at is null
    and unit.state in ('restock_pending', 'on_sale')
    and not exists (
        select 1
        from channel.sale as done
        where done.unit_id = addition.unit_id and done.state = 'sold'
    )
    -- the warehouse has picked it already, though its listing is not proven yet; or works on it again
    and not exists (
        select 1
        from ledger.event_inbox as early
        where early.unit_id = addition.unit_id and early.type = any(ledger.off_the_shelf() || 'resold'::text)
    );
