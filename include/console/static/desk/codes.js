// What a scanned code can be, and the labels that are made here.

const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // none that is read for another
const LABEL_LENGTH = 10; // 50 random bits: one clash in a million scans among a thousand million labels

/** Return what the scanner read without what it adds: spaces, control characters, the name of the symbology. */
export function clean(code) {
  // eslint-disable-next-line no-control-regex
  return code.replace(/[\u0000-\u001f\u007f]/g, "").trim().replace(/^\][A-Za-z]\d/, "").slice(0, 100);
}

/** Tell whether the digits are an EAN or a UPC: the last one is the check digit of the others. */
export function isEan(code) {
  if (!/^(\d{8}|\d{12,14})$/.test(code)) return false;
  const digits = [...code].map(Number).reverse();
  const sum = digits.slice(1).reduce((total, digit, place) => total + digit * (place % 2 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10 === digits[0];
}

/** Return the fields of the event's contract that a scan at the dock gives. */
export function evidence(code) {
  const label = /^(\d+)-\d+-R$/i.exec(code);
  if (label) return { return_label: code.toUpperCase(), order_code: label[1] };
  if (isEan(code)) return { ean: code };
  if (/^\d{6,11}$/.test(code)) return { order_code: code };
  return { waybill: code };
}

/** Make the label of a piece that is taken in; no server is asked, so that it can be done without a connection. */
export function newLabel(warehouse) {
  const random = crypto.getRandomValues(new Uint8Array(LABEL_LENGTH));
  return `${warehouse}-${[...random].map((byte) => LETTERS[byte % LETTERS.length]).join("")}`;
}

/** Make the id of an event: a repeated sending is known by it. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page came over HTTPS or from this machine
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
