// What more generators of JavaScript make, as lines of JSON: people, machines, passwords, national numbers, patterns of
// scanners, harmless documents. Everything is drawn with one seed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const folder = process.argv[2];
const require = createRequire(folder + "/");
const falso = require("@ngneat/falso");
const casual = require("casual");
const { personValidators } = require("stdnum");
const brazil = require("@brazilian-utils/brazilian-utils");
const { allPatterns } = require("@openredaction/openredaction");

const SEED = 20261129;
const EACH = 8;
const EACH_HARMLESS = 50;
const TRIES = 60_000;
const say = (line) => console.log(JSON.stringify(line));

// Every draw comes from here, those of packages that ask Math.random as well.
let state = SEED;
const draw = () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
Math.random = draw;
falso.seed(String(SEED));
casual.seed(SEED);
const one = (list) => list[Math.floor(draw() * list.length)];
const fill = (shape) => shape.replace(/[9A]/g, (sign) => one(sign === "9" ? "0123456789" : "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));

const people = {
  email: [() => falso.randEmail(), () => casual.email],
  card: [() => falso.randCreditCardNumber({ brand: "Visa" }), () => falso.randCreditCardNumber({ brand: "Mastercard" }), () => casual.card_number("American Express")],
  iban: [() => falso.randIban()],
  ipv4: [() => falso.randIp(), () => casual.ip],
  ipv6: [() => falso.randIpv6()],
  mac: [() => falso.randMac()],
  "phone national": [() => casual.phone],
  "phone international": [() => falso.randPhoneNumber({ countryCode: one(["US", "GB", "DE", "FR", "NL", "BR", "IN", "SE"]) })],
  "routing number": [() => falso.randRoutingNumber()],
  name: [() => falso.randFullName(), () => casual.full_name],
  street: [() => falso.randStreetAddress(), () => casual.address1],
};
for (const [kind, makers] of Object.entries(people)) {
  for (const make of makers) for (let n = 0; n < EACH * 3; n++) say({ kind, value: String(make()) });
}

// National numbers: digits are drawn until a validator takes them.
const SHAPES = ["99999999A", "A9999999A", "A99999999", "A999999999", "AA999999A", "9999999A", "9999999AA", "AAAAA9999A", "999999-9999", "999999-999A"];
const lengths = [8, 9, 10, 11, 12, 13, 14, 15, 7, 6];
for (const [country, validators] of Object.entries(personValidators)) {
  for (const validator of validators) {
    const found = new Set();
    const shapes = [...lengths.map((length) => "9".repeat(length)), ...SHAPES];
    for (let at = 0; at < TRIES && found.size < EACH; at++) {
      const text = fill(shapes[at % shapes.length]);
      let valid = false;
      try { valid = validator.validate(text).isValid; } catch { /* some throw at what they do not expect */ }
      if (valid) found.add(text);
    }
    for (const number of found) {
      // Without check digits nearly any change of a digit is as good.
      let same = 0;
      const places = [...number.matchAll(/\d/g)].map((match) => match.index).slice(-5);
      for (const place of places) {
        const digit = String((Number(number[place]) + 1) % 10);
        try { same += validator.validate(number.slice(0, place) + digit + number.slice(place + 1)).isValid ? 1 : 0; } catch { /* as above */ }
      }
      let value = number;
      try { value = draw() < 0.5 ? validator.format(number) : number; } catch { /* as above */ }
      const names = [validator.name, validator.localName, validator.abbreviation].filter((name) => name && name !== "NAME");
      say({ kind: "number", value, country, names, checked: same <= 1 });
    }
  }
}
const own = {
  CPF: () => brazil.generateCpf(),
  CNH: () => brazil.generateCnh(),
  "PIS/PASEP": () => brazil.generatePis(),
  "Título de eleitor": () => brazil.generateVoterId(),
};
for (const [name, make] of Object.entries(own)) {
  for (let n = 0; n < EACH; n++) say({ kind: "number", value: String(make()), country: "BR", names: [name], checked: true });
}

// Patterns of scanners.
const SECRET = /KEY|TOKEN|SECRET|PASSW|WEBHOOK|URL_WITH_AUTH|BEARER|DATABASE_CONNECTION|OAUTH/;
const OTHER = /POLKADOT|TURKEY|PUBLIC|PAYMENT_TOKEN|HEROKU|AWS_SECRET_KEY|KUBERNETES|JWT|PRIVATE/;
for (const { type, regex } of allPatterns) {
  if (SECRET.test(type) && !OTHER.test(type)) say({ kind: "pattern", name: "openredaction " + type, value: regex.source, flags: regex.flags });
}
const lint = folder + "/@secretlint/secretlint-rule-preset-recommend/module/index.js";
const source = readFileSync(lint, "utf8").slice(126_000);
const literal = /(?:pattern:|=|\(|,)\s*\/((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([gimsuy]*)/g;
let number = 0;
for (const [, pattern, flags] of source.matchAll(literal)) {
  if (/PRIVATE KEY|^\^|secretlint|\(\.\+\)/.test(pattern) || pattern.length < 19) continue;
  say({ kind: "pattern", name: `secretlint ${(number += 1)}`, value: pattern, flags });
}
const secrets = {
  password: () => falso.randPassword({ size: 8 + Math.floor(draw() * 12) }),
  chosen: () => casual.password + Math.floor(draw() * 100),
  hex: () => Array.from({ length: 40 }, () => one("0123456789abcdef")).join(""),
  mixed: () => Array.from({ length: 32 }, () => one("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")).join(""),
};
for (const [kind, make] of Object.entries(secrets)) {
  for (let n = 0; n < EACH * 10; n++) say({ kind: "secret: " + kind, value: make() });
}

const harmless = {
  prose: () => falso.randParagraph(),
  text: () => casual.sentences(6),
  product: () => falso.randProduct(),
  post: () => { const { id, title, body, date, comments } = falso.randPost(); return { id, title, body, date, comments: comments.length }; },
  todo: () => falso.randTodo(),
  code: () => falso.randCodeSnippet(),
  commit: () => ({ sha: falso.randGitCommitSha(), short: falso.randGitShortSha(), message: falso.randGitCommitMessage() }),
  identifier: () => ({ uuid: falso.randUuid(), request: falso.randAwsRequestId(), hex: falso.randHexaDecimal({ length: 24 }).join?.("") }),
  agent: () => falso.randUserAgent(),
  agents: () => ({ userAgent: casual.user_agent }),
  link: () => ({ url: falso.randUrl(), image: falso.randImg(), slug: falso.randSlug() }),
  path: () => `${falso.randDirectoryPath()}/${falso.randFileName()} ${falso.randSemver()}`,
  place: () => ({ latitude: falso.randLatitude(), longitude: falso.randLongitude(), near: falso.randNearbyGPSCoordinate(), zip: falso.randZipCode() }),
  flight: () => falso.randFlightDetails().flightNumber ?? falso.randFlightNumber(),
  vehicle: () => ({ make: falso.randVehicleManufacturer(), model: falso.randVehicleModel(), fuel: falso.randVehicleFuel() }),
  money: () => ({ amount: falso.randAmount(), currency: falso.randCurrencyCode(), bic: falso.randBic() }),
  chain: () => ({ bitcoin: falso.randBitcoinAddress(), ethereum: falso.randEthereumAddress() }),
  cloud: () => ({ arn: falso.randArn(), region: falso.randAwsRegion() }),
  number: () => ({ n: falso.randNumber({ max: 10 ** 12 }), f: falso.randFloat(), sequence: falso.randSequence({ size: 9, chars: "0123456789" }) }),
  time: () => ({ unix: casual.unix_time, date: casual.date("YYYY-MM-DD"), at: new Date(casual.unix_time * 1000).toISOString() }),
  company: () => ({ company: casual.company_name, phrase: casual.catch_phrase, abn: falso.randAbn() }),
  word: () => casual.words(25),
};
for (const [kind, make] of Object.entries(harmless)) {
  for (let n = 0; n < EACH_HARMLESS; n++) say({ kind: "harmless: " + kind, value: make() });
}
