// The dock: what a code means, and the piece taken in with a return order of its own.

import { evidence, isEan, newId, newLabel } from "./codes.js";
import { Photos } from "./photos.js";
import { banner, chips, choice, empty, facts, html, nothing, note, yesNo } from "./ui.js";
import { UnitCard } from "./unit.js";
import { label, labelled, moment, t } from "./words.js";

/** Whatever was scanned: a piece that is here, goods that are expected, an order, or a stranger. */
export class Code {
  constructor(app, code) {
    this.app = app;
    this.code = code;
    this.tab = "";
  }

  async load() {
    const found = await this.app.look(this.code);
    this.inner = found.kind === "unit" ? new UnitCard(this.app, found) : new Receive(this.app, this.code, found);
  }

  title() {
    return this.inner?.title() ?? this.code;
  }

  body() {
    return this.inner?.body();
  }

  actions() {
    return this.inner?.actions() ?? [];
  }

  scan(code) {
    return this.inner?.scan?.(code);
  }
}

class Receive {
  constructor(app, code, found) {
    Object.assign(this, { app, code, found, photos: new Photos(app), damaged: false, remark: "", sameCity: null });
    this.blind = found.kind === "unknown" && Boolean(found.offline); // the server will know whose it is
    this.orders = found.orders ?? [];
    this.lines = found.kind === "expected" ? found.expected : found.kind === "order" ? this.orders.flatMap((order) =>
      order.lines.map((line) => ({ ...line, merchant_id: order.merchant_id, store_id: order.store_id, order_code: order.code }))) : [];
    this.line = this.lines.length === 1 ? this.lines[0] : null;
    this.reason = null;
    this.ean = null;
    const meant = found.merchants?.length ? new Set(found.merchants.map((one) => one.merchant_id)) : null;
    const merchants = app.setup.merchants.filter((one) => app.may("operator", one.merchant_id) && (!meant || meant.has(one.merchant_id)));
    this.merchants = merchants;
    this.owner = merchants.length === 1 ? merchants[0].merchant_id : null;
    this.noted = null;
  }

  title() {
    if (this.blind) return t("Not known yet");
    return { expected: t("Expected"), order: t("Order without a return") }[this.found.kind] ?? t("Nobody expects this");
  }

  /** The goods of a parcel are told apart by their own code; the first code again takes the piece in. */
  scan(code) {
    const eans = (line) => this.orders.flatMap((order) => order.lines).filter((one) => one.sku === line.sku).flatMap((one) => one.eans ?? []);
    const of = (line) => line.sku === code || eans(line).includes(code);
    const meant = this.lines.filter(of);
    if (meant.length) {
      this.line = meant.find((line) => line === this.line) ?? meant[0];
      if (isEan(code)) this.ean = code;
      this.app.draw();
      return true;
    }
    if (code === this.code && this.ready()) {
      this.app.doing(() => this.receive());
      return true;
    }
    return false;
  }

  head() {
    if (this.line) return this.line;
    const shop = this.merchants.find((one) => one.merchant_id === this.owner);
    return shop ? { merchant_id: shop.merchant_id } : null; // the server knows the shop's store in this warehouse
  }

  ready() {
    const head = this.lines.length ? this.line : this.head();
    return Boolean(head) && this.app.may("operator", head.merchant_id);
  }

  body() {
    const { found } = this;
    return html`
      ${found.offline ? banner("warn", t("No connection: whose this is will be found when it is back. It can be taken in now.")) : nothing}
      ${this.orders.length ? this.orders.slice(0, 3).map((order) => facts([
        [t("Order"), order.code], [t("Shop"), this.app.merchant(order.merchant_id)], [t("Ordered"), moment(order.created_at)],
      ])) : facts([[t("Code"), this.code]])}
      ${found.units?.length ? html`<section class="list" aria-label=${t("Is here already")}><p class="hint">${t("Is here already")}</p>
        ${found.units.map((unit) => html`<a class="row" href=${`#/code/${encodeURIComponent(unit.unit_label)}`}><b>${unit.product_name ?? unit.sku}</b>
          <span class="mono">${unit.unit_label}</span><span>${label("states", unit.state)}</span></a>`)}</section>` : nothing}
      ${this.lines.length ? this.choose() : this.stranger()}
      ${this.ready() ? this.condition() : nothing}
      ${found.compared?.length ? html`<p class="hint">${t("The warehouse's own system takes parcels in: what is entered here is compared with it.")}</p>` : nothing}`;
  }

  choose() {
    return html`<section class="list" aria-label=${t("What is it?")}>
      ${this.lines.length > 1 ? html`<p class="hint">${t("Several things: scan the product or choose it.")}</p>` : nothing}
      ${this.lines.map((line, place) => html`<button type="button" class="row" data-code=${`line=${place + 1}`}
        aria-pressed=${line === this.line} @click=${() => { this.line = line; this.app.draw(); }}>
        <b>${line.product_name ?? line.sku}</b>
        <span>${line.sku}</span>
        <span class="said">${t("The buyer says: {reason}", { reason: label("reasons", line.stated_reason ?? "unknown") })}</span>
        ${line.application ? html`<span>${t("Application {number}", { number: line.application })}</span>` : nothing}
      </button>`)}</section>`;
  }

  stranger() {
    return html`${this.blind ? nothing : html`<p class="hint">${t("No order and no request is known for this code. It is taken in as unexpected and is not sold before it is cleared up.")}</p>`}
      ${this.merchants.length > 1 ? choice("merchant", t("Whose goods?"), this.merchants.map((one) => [one.merchant_id, one.name]),
        this.owner, (merchantId) => { this.owner = merchantId; this.app.draw(); }) : nothing}
      ${this.merchants.length ? nothing : empty(t("You may look but not take anything in."))}`;
  }

  condition() {
    const stated = this.line?.stated_reason && this.line.stated_reason !== "unknown";
    return html`
      ${choice("outer", t("The parcel"), [["whole", t("Undamaged"), "good"], ["damaged", t("Damaged"), "bad"]],
        this.damaged ? "damaged" : "whole", (value) => { this.damaged = value === "damaged"; this.app.draw(); })}
      ${this.damaged ? html`
        ${note(t("What is damaged?"), this.remark, (text) => { this.remark = text; })}
        ${yesNo("act", t("Does the carrier's act note it?"), this.noted, (value) => { this.noted = value; this.app.draw(); })}
        ${this.noted === false ? html`<p class="hint">${t("Without a note in the act a claim has 24 hours only.")}</p>` : nothing}
        ${this.photos.view(html`<p class="hint">${t("A claim against the carrier needs photos of the parcel.")}</p>`)}` : nothing}
      <details class="small"><summary>${t("More about the parcel")}</summary>
        ${choice("city", t("From our city?"), [[true, t("Yes")], [false, t("No")], [null, t("not known")]], this.sameCity,
          (value) => { this.sameCity = value; this.app.draw(); })}
        ${stated ? nothing : chips("reason", t("What the buyer says"), labelled("reasons").filter((code) => code !== "unknown")
          .map((code) => [code, label("reasons", code)]), (code) => this.reason === code,
        (code) => { this.reason = this.reason === code ? null : code; this.app.draw(); })}
      </details>`;
  }

  actions() {
    const missing = this.line && this.found.kind === "expected"
      ? [{ text: t("It is not in the parcel"), code: "missing", run: () => this.missing() }] : [];
    return [...missing, {
      text: this.lines.length || this.blind ? t("Take in") : t("Take in as unexpected"), primary: true, code: "ok", disabled: !this.ready(),
      run: () => this.receive(),
    }];
  }

  /** What was read, in the fields of the contract; what was chosen says it more exactly. */
  fields() {
    const read = this.found.scan && Object.keys(this.found.scan).length && !this.found.offline ? this.found.scan : evidence(this.code);
    const chosen = this.line ? { order_code: this.line.order_code, sku: this.line.sku } : {};
    return { ...read, ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)), ...(this.ean ? { ean: this.ean } : {}) };
  }

  async receive() {
    const head = this.head();
    const unitLabel = newLabel(this.app.warehouse);
    const eventId = newId();
    const piece = {
      ...this.line, merchant_id: head.merchant_id, store_id: head.store_id, unit_label: unitLabel, state: null, zone: this.app.zoneFor("dock"),
    };
    const { answer, unit } = await this.app.record("received", piece, {
      event_id: eventId, scan_id: eventId, return_order_no: `RO-${unitLabel}`, ...this.fields(),
      stated_reason: this.line?.stated_reason_raw ?? this.reason, same_city: this.sameCity, ...this.damage(),
    }, this.damaged ? this.photos.all() : []);
    this.app.tell(answer, t("Taken in: return order {number}", { number: unit.return_order_no }));
    this.app.go(`code/${encodeURIComponent(unit.unit_label)}`);
  }

  damage() {
    if (!this.damaged) return {};
    const seen = this.remark || t("The parcel is damaged");
    return { packaging_note: seen, act_damage_noted: this.noted === true, act_note: this.noted ? seen : null };
  }

  async missing() {
    const { order_code: code, sku } = this.fields();
    const { answer } = await this.app.record("missing_from_parcel", { ...this.line, unit_label: undefined },
      { order_code: code ?? this.line.order_code, sku: sku ?? this.line.sku });
    this.app.tell(answer, t("Noted: it is not in the parcel."));
    this.app.go("");
  }
}
