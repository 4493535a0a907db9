// Where a shift begins: nothing to do but to scan; what waits is beside it.

import { get } from "./server.js";
import { html, nothing } from "./ui.js";
import { doneName } from "./unit.js";
import { label, moment, number, t } from "./words.js";

export class Home {
  constructor(app) {
    this.app = app;
  }

  async load() {
    this.past = (await this.app.store.history()).slice(0, 5);
    try {
      this.counts = (await get("queue", { warehouse: this.app.warehouse })).counts;
      await this.app.store.put("counts", this.counts);
    } catch {
      this.counts = await this.app.store.get("counts");
    }
  }

  title() {
    return t("Desk");
  }

  body() {
    return html`<section class="idle"><p class="big">${t("Scan a label, a waybill or a product")}</p>
        <p class="hint">${t("No button is needed: the scanner's code comes here by itself.")}</p></section>
      ${this.counts ? html`<ul class="list counts">${this.app.setup.queue_steps.map((step) => html`<li>
        <a class="row" href=${`#/queue/${step}`}><b>${label("queues", step)}</b><span class="aside"><b>${number(this.counts[step] ?? 0)}</b></span></a></li>`)}</ul>` : nothing}
      ${this.past?.length ? html`<section><h2>${t("Sent from here")}</h2><ul class="list">${this.past.map(({ event, made_at: at }) => html`<li>
        <a class="row" href=${`#/code/${encodeURIComponent(event.unit_label ?? "")}`}><b>${doneName(event)}</b><span class="mono">${event.unit_label}</span>
        <span>${moment(new Date(at).toISOString())}</span></a></li>`)}</ul></section>` : nothing}`;
  }
}
