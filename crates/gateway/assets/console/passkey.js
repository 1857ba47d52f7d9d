// WebAuthn (https://www.w3.org/TR/webauthn-3/), as the API speaks it: bytes as base64url both ways.
import { get, post } from "./api.js";

const decode = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};

const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const credentials = (list) => (list ?? []).map((one) => ({ ...one, id: decode(one.id) }));

// Signs the bound hash of a held call with a passkey of the person: what the approve request sends along.
export async function sign(approval) {
  const { publicKey } = await get(`approvals/${approval}/challenge`);
  const { response, id } = await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: decode(publicKey.challenge),
      allowCredentials: credentials(publicKey.allowCredentials),
    },
  });
  return {
    id,
    clientDataJSON: encode(response.clientDataJSON),
    authenticatorData: encode(response.authenticatorData),
    signature: encode(response.signature),
  };
}

// What to say when the browser made no use of a passkey; it does not tell why, so that pages learn nothing.
export function refusal(error) {
  const own = { InvalidStateError: "This device has a passkey of yours already." };
  return own[error.name] ?? "No passkey was used: it was cancelled, or took too long.";
}

// Whether it was the browser, not the gateway, that said no.
export function fromBrowser(error) {
  return error instanceof DOMException;
}

// Makes a new passkey on this device and tells the gateway, which answers with all there are.
export async function register(name) {
  const { publicKey } = await post("passkeys/options");
  const { response, id } = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: decode(publicKey.challenge),
      user: { ...publicKey.user, id: decode(publicKey.user.id) },
      excludeCredentials: credentials(publicKey.excludeCredentials),
    },
  });
  return post("passkeys", {
    name,
    id,
    clientDataJSON: encode(response.clientDataJSON),
    attestationObject: encode(response.attestationObject),
  });
}
