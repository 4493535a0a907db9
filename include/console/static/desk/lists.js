// What waits for whom, where things lie, and the whole life of a piece.

import { get } from "./server.js";
import { bothLooks } from "./people.js";
import { banner, choice, empty, facts, html, nothing } from "./ui.js";
import { doneName } from "./unit.js";
import { label, money, moment, number, t } from "./words.js";

/** A page of what the server says; without a connection of what it said last. */
class Seen {
  async ask(key, path, values) {
    const { app } = this;
    try {
      const found = await get(path, values);
      app.outbox.tell({ online: true });
      await app.store.remember(key, found);
      return found;
    } catch (error) {
      const kept = await app.store.recall(key);
      if (error.name !== "Error" || kept === undefined || error.status) throw error;
      this.old = true;
      app.outbox.tell({ online: false });
      return kept;
    }
  }

  warning() {
    return this.old ? banner("warn", t("No connection: this is what was known last.")) : nothing;
  }
}

const row = (unit, aside) => html`<a class="row" href=${`#/code/${encodeURIComponent(unit.unit_label ?? unit.return_order_no ?? "")}`}>
  <b>${unit.product_name ?? unit.sku ?? t("Unknown goods")}</b><span class="mono">${unit.unit_label ?? "—"}</span>
  <span>${[unit.grade, unit.route && label("routes", unit.route), unit.zone && label("zones", unit.zone)].filter(Boolean).join(" · ")}</span>
  ${aside}</a>`;

export class Queue extends Seen {
  constructor(app, step) {
    super();
    this.app = app;
    this.tab = "queue";
    this.step = step || app.setup.queue_steps[0];
  }

  async load() {
    this.units = (await this.ask(`queue:${this.app.warehouse}:${this.step}`, "queue", { warehouse: this.app.warehouse, step: this.step })).units;
    for (const unit of this.units) await this.app.store.keepUnit(unit); // so that it can be worked on without a connection
  }

  title() {
    return t("Queue");
  }

  body() {
    return html`${this.warning()}
      ${choice("step", t("Step"), this.app.setup.queue_steps.map((step) => [step, label("queues", step)]), this.step,
        (step) => this.app.go(`queue/${step}`))}
      <p class="hint">${t("First comes what loses most by one more day.")}</p>
      ${this.units?.length ? html`<ol class="list">${this.units.map((unit) => html`<li>${row(unit, html`<span>${t("waits since {moment}", { moment: moment(unit.waiting_since) })}</span>
        <span class="aside"><b>${money(unit.day_cost)}</b><br>${t("a day")}</span>`)}</li>`)}</ol>` : empty(t("Nothing waits here."))}`;
  }
}

export class Zones extends Seen {
  constructor(app, zone) {
    super();
    this.app = app;
    this.tab = "zones";
    this.zone = zone;
  }

  async load() {
    this.zones = (await this.ask(`zones:${this.app.warehouse}`, "zones", { warehouse: this.app.warehouse })).zones;
  }

  title() {
    return t("Zones");
  }

  body() {
    const open = this.zones?.find((one) => one.zone === this.zone);
    if (open) {
      return html`${this.warning()}<h2>${label("zones", open.zone)}</h2>
        ${open.units?.length ? html`<ol class="list">${open.units.map((unit) => html`<li>${row(unit, nothing)}</li>`)}</ol>` : empty(t("Nothing lies here."))}`;
    }
    return html`${this.warning()}<ul class="list zones">${(this.zones ?? []).map((one) => html`<li>
      <a class="row zone ${one.purpose}" href=${`#/zones/${encodeURIComponent(one.zone)}`}><b>${label("zones", one.zone)}</b>
        <span>${one.capacity ? t("{occupied} of {capacity}", { occupied: number(one.occupied), capacity: number(one.capacity) }) : number(one.occupied)}</span>
        ${one.capacity ? html`<meter min="0" max=${one.capacity} value=${one.occupied} high=${one.capacity * 0.9} aria-label=${label("zones", one.zone)}></meter>` : nothing}
        ${one.capacity && one.occupied >= one.capacity ? html`<span class="bad">${t("full")}</span>` : nothing}
      </a></li>`)}</ul>`;
  }
}

export class Life extends Seen {
  constructor(app, unitId) {
    super();
    this.app = app;
    this.unitId = unitId;
  }

  async load() {
    this.page = await this.ask(`unit:${this.unitId}`, `units/${this.unitId}`, {});
  }

  title() {
    return this.page?.unit.unit_label ?? t("Piece");
  }

  body() {
    if (!this.page) return nothing;
    const { unit, events, photos, money: terms, claims, second_looks: looks, compared } = this.page;
    const differing = (compared ?? []).filter((one) => one.differs);
    return html`${this.warning()}
      <h2>${unit.product_name ?? unit.sku ?? t("Unknown goods")}</h2>
      ${facts([
        [t("State"), label("states", unit.state)], [t("Zone"), unit.zone && label("zones", unit.zone)], [t("Grade"), unit.grade],
        [t("Route"), unit.route && label("routes", unit.route)], [t("The buyer says"), unit.stated_reason && label("reasons", unit.stated_reason)],
        [t("Found"), unit.finding && label("reasons", unit.finding)], [t("Cause"), unit.cause && label("reasons", unit.cause)],
        [t("Return order"), unit.return_order_no], [t("Order"), unit.order_code], [t("Shop"), this.app.merchant(unit.merchant_id)],
      ])}
      ${photos?.length ? html`<section aria-label=${t("Photos")}><h3>${t("Photos")}</h3><ul class="thumbs">${photos.map((photo, place) => html`<li>
        <a href=${`photos/${photo.photo_id}.jpg`} target="_blank"><img loading="lazy" src=${`photos/${photo.photo_id}.jpg`}
          alt=${t("Photo {number}", { number: place + 1 })}></a></li>`)}</ul></section>` : nothing}
      ${terms?.length ? html`<section><h3>${t("Money")}</h3>${facts(terms.filter((one) => one.amount).map((one) => [label("terms", one.term), money(one.amount)]))}</section>` : nothing}
      ${claims?.length ? html`<section><h3>${t("Claims")}</h3>${claims.map((one) => facts([
        [t("Tier"), one.tier == null ? null : label("tiers", one.tier)], [t("Money"), money(one.amount)], [t("State"), label("claims", one.status)], [t("Deadline"), moment(one.due_at)]]))}</section>` : nothing}
      ${looks?.length ? html`<section><h3>${t("Second look")}</h3>${looks.map(bothLooks)}</section>` : nothing}
      ${differing.length ? html`<section><h3>${t("The other system says otherwise")}</h3>${differing.map((one) => html`<p class="said">${doneName(one)}</p>
        ${facts([[one.record_source ?? t("booked"), one.record_source ? this.word(one.record_at, one.record_actor, one.record_says) : t("nothing")],
          [one.other_source, this.word(one.other_at, one.other_actor, one.other_says)]])}`)}</section>` : nothing}
      <section><h3>${t("Life")}</h3><ol class="life">${(events ?? []).map((one) => html`<li class=${one.voided ? "voided" : nothing}>
        <b>${doneName(one)}</b><span>${moment(one.occurred_at)} · ${one.actor}</span>
        ${one.payload?.note ? html`<span>${one.payload.note}</span>` : nothing}
        ${one.voided ? html`<span>${t("taken back")}</span>` : nothing}</li>`)}</ol></section>`;
  }

  /** One system's word on a step: when, by whom, and what was found. */
  word(at, actor, says) {
    const { grade, finding, route, passed } = says ?? {};
    return [moment(at), actor, grade, finding && label("findings", finding), route && label("routes", route),
      passed == null ? null : label("done", passed ? "qc_passed" : "qc_failed")].filter(Boolean).join(", ");
  }

  actions() {
    const unitLabel = this.page?.unit.unit_label;
    if (!unitLabel) return [];
    return [{ text: t("Print the label"), href: `labels/${this.page.unit.unit_id}.pdf`, code: "label" },
      { text: t("What next?"), primary: true, code: "ok", run: () => this.app.go(`code/${encodeURIComponent(unitLabel)}`) }];
  }
}
