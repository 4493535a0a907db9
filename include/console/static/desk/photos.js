// Photos by the camera or from a file: made small here, so that they go through a poor connection.

import { newId } from "./codes.js";
import { html, nothing } from "./ui.js";
import { t } from "./words.js";

const LONGEST_SIDE = 1600;
const QUALITY = 0.82;
const MOST = 8;

/** Return the picture as a JPEG of at most 1600 pixels a side; raises where the file is no picture. */
async function shrink(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // behind what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const jpeg = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!jpeg) throw new Error("no picture");
  return jpeg;
}

export class Photos {
  constructor(app) {
    this.app = app;
    this.taken = [];
    this.shrinking = Promise.resolve();
  }

  /** Return the photos, those too that are still being made small: a quick thumb must not lose one. */
  async all() {
    await this.shrinking;
    return this.taken;
  }

  add(input) {
    const files = [...input.files];
    input.value = "";
    this.shrinking = this.shrinking.then(() => this.take(files));
  }

  async take(files) {
    for (const file of files.slice(0, MOST - this.taken.length)) {
      try {
        const jpeg = await shrink(file);
        this.taken.push({ id: newId(), jpeg, url: URL.createObjectURL(jpeg) });
      } catch {
        this.app.say("bad", t("{name} is no picture that this device can read.", { name: file.name }));
      }
    }
    this.app.draw();
  }

  drop(photo) {
    URL.revokeObjectURL(photo.url);
    this.taken = this.taken.filter((one) => one !== photo);
    this.app.draw();
  }

  view(hint = nothing) {
    const full = this.taken.length >= MOST;
    return html`<div class="photos" role="group" aria-label=${t("Photos")}>
      <span class="ask-text">${t("Photos")} ${this.taken.length ? html`<b>${this.taken.length}</b>` : nothing}</span>
      ${hint}
      ${full ? nothing : html`<span class="answers">
        <label class="button plain">${t("Camera")}
          <input type="file" accept="image/*" capture="environment" name="camera" @change=${(event) => this.add(event.target)}></label>
        <label class="button plain">${t("From a file")}
          <input type="file" accept="image/*" multiple name="file" @change=${(event) => this.add(event.target)}></label></span>`}
      ${this.taken.length ? html`<ul class="thumbs">${this.taken.map((photo, place) => html`<li>
        <img src=${photo.url} alt=${t("Photo {number}", { number: place + 1 })}>
        <button type="button" class="drop" aria-label=${t("Remove photo {number}", { number: place + 1 })}
          @click=${() => this.drop(photo)}>×</button></li>`)}</ul>` : nothing}
    </div>`;
  }
}
