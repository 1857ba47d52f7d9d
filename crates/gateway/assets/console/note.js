// Signed notes and checkpoints, checked in the browser: C2SP signed-note and tlog-checkpoint, Ed25519 by
// WebCrypto.

const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/=]+)$/;

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toHex(array) {
  return Array.from(array, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function same(left, right) {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

export async function sha256(...parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}

// A verifier key `<name>+<key id>+<base64 of 0x01 and 32 bytes>`; its id must be that of its name and key.
export async function verifierKey(text) {
  const parts = text.trim().match(/^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/);
  if (!parts) throw new Error("this is not a verifier key: `<name>+<8 hexadecimal digits>+<base64>` is one");
  const [, name, id, encoded] = parts;
  const bytes = fromBase64(encoded);
  if (bytes.length !== 33 || bytes[0] !== 1) throw new Error("the verifier key is not one of Ed25519");
  const hashed = await sha256(new TextEncoder().encode(name + "\n"), bytes);
  if (toHex(hashed.slice(0, 4)) !== id)
    throw new Error("the verifier key's id is not that of its name and key");
  let key;
  try {
    key = await crypto.subtle.importKey("raw", bytes.slice(1), { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    throw new Error(`this browser cannot check Ed25519 signatures: ${error.message}`);
  }
  return { name, id, key };
}

// Origin, size and root of a checkpoint that `verifier` signed.
export async function checkpoint(note, verifier) {
  const split = note.lastIndexOf("\n\n");
  if (split < 0) throw new Error("the checkpoint has no signatures");
  const text = note.slice(0, split + 1);
  const lines = text.split("\n");
  if (lines.length !== 4 || lines[3] !== "") throw new Error("a checkpoint has exactly three lines");
  const [origin, size, root] = lines;
  if (!/^(0|[1-9]\d{0,15})$/.test(size)) throw new Error("the checkpoint's size is not a number");
  if (origin !== verifier.name) throw new Error("the checkpoint is of another log than the key");
  const hashed = fromBase64(root);
  if (hashed.length !== 32) throw new Error("the checkpoint's root is not a SHA-256 hash");
  let others = 0;
  let signed = false;
  for (const line of note
    .slice(split + 2)
    .split("\n")
    .filter(Boolean)) {
    const parts = line.match(SIGNATURE);
    if (!parts) throw new Error("the checkpoint has a line that is no signature");
    const bytes = fromBase64(parts[2]);
    if (parts[1] !== verifier.name || toHex(bytes.slice(0, 4)) !== verifier.id) {
      others += 1;
      continue;
    }
    const message = new TextEncoder().encode(text);
    signed = await crypto.subtle.verify({ name: "Ed25519" }, verifier.key, bytes.slice(4), message);
    if (!signed) throw new Error("the signature of the checkpoint does not hold");
  }
  if (!signed) throw new Error("the checkpoint is not signed by this key");
  return { origin, size: Number(size), root: hashed, others };
}
