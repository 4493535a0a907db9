// A scanner types like a very fast keyboard and ends with Enter. Whatever has the focus, its code comes to the desk.

import { clean } from "./codes.js";

const BURST_MS = 40; // no person types so fast
const BURST_LENGTH = 5;
const SHIFTED = { Minus: "_", Slash: "?", Period: ">", Comma: "<", Semicolon: ":", Equal: "+", Digit3: "#", Digit4: "$" };
const PLAIN = { Minus: "-", Slash: "/", Period: ".", Comma: ",", Semicolon: ";", Equal: "=", Space: " " };

/** Return the character that a key of an English keyboard gives: a scanner means it, whatever layout is on. */
function english({ code, shift, capital }) {
  const letter = /^Key([A-Z])$/.exec(code);
  if (letter) return shift !== capital ? letter[1] : letter[1].toLowerCase();
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code);
  if (digit && !shift) return digit[1];
  return (shift ? SHIFTED[code] : PLAIN[code]) ?? null;
}

/** Return the text as an English keyboard had given it, where the keys of all its characters are known. */
export function latin(text, keys) {
  if (!/[^\u0000-\u007f]/.test(text) || keys.length !== text.length) return text;
  const found = keys.map(english);
  return found.includes(null) ? text : found.join("");
}

function editable(element) {
  return element instanceof HTMLTextAreaElement
    || (element instanceof HTMLInputElement && !["button", "checkbox", "radio", "file", "submit"].includes(element.type));
}

export class Scanner {
  /** Listen for codes; each goes to `heard`. `enter` is told of an Enter with nothing before it. */
  constructor(field, heard, enter) {
    this.field = field;
    this.heard = heard;
    this.enter = enter;
    this.keys = [];
    this.burst = [];
    this.last = 0;
    document.addEventListener("keydown", (event) => this.onKey(event), true);
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  /** Give the focus back to the field, unless a person is writing or choosing somewhere. */
  settle() {
    const here = document.activeElement;
    if (!here || here === document.body || !here.isConnected) this.focus();
  }

  onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const now = event.timeStamp;
    if (now - this.last > BURST_MS) this.burst = [];
    this.last = now;
    if (event.key === "Enter") return this.onEnter(event);
    if (event.key === "Backspace") this.keys.pop();
    if (event.key.length !== 1) return undefined;
    const key = { code: event.code, shift: event.shiftKey, capital: event.getModifierState("CapsLock") };
    this.burst.push({ ...key, key: event.key });
    if (event.target === this.field) {
      if (this.field.value === "") this.keys = [];
      this.keys.push(key);
    } else if (!editable(event.target) && !(event.key === " " && event.target !== document.body)) {
      this.keys = [key];
      this.field.value = "";
      this.focus(); // before the character is entered: it goes to the field
    }
    return undefined;
  }

  onEnter(event) {
    if (event.target === this.field) {
      event.preventDefault();
      const code = clean(latin(this.field.value, this.keys));
      this.field.value = "";
      this.keys = [];
      if (code) this.heard(code);
      else this.enter();
      return;
    }
    if (this.burst.length < BURST_LENGTH || !editable(event.target)) return;
    // scanned into a note: take it out again
    const typed = this.burst.map(({ key }) => key).join("");
    if (event.target.value.endsWith(typed)) {
      event.preventDefault();
      event.target.value = event.target.value.slice(0, -typed.length);
      event.target.dispatchEvent(new Event("input", { bubbles: true }));
      this.heard(clean(latin(typed, this.burst)));
    }
    this.burst = [];
  }
}
