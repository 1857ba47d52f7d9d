// What JavaScript's generators make, as lines of JSON: values of people and machines, secrets, harmless documents.
// Everything is drawn with one seed.
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const locales = require("@faker-js/faker").allFakers;
const Chance = require("chance");

const SEED = 20261128;
const EACH = 6;
const EACH_HARMLESS = 50;
const say = (kind, value) => console.log(JSON.stringify({ kind, value }));

for (const name of ["en", "en_GB", "de", "fr", "es", "it", "nl", "pl", "pt_BR", "sv", "tr", "ja", "da", "cs_CZ"]) {
  const fake = locales[name];
  fake.seed(SEED);
  fake.setDefaultRefDate("2026-11-28T00:00:00Z");
  const kinds = {
    email: () => fake.internet.email(),
    "phone national": () => fake.phone.number({ style: "national" }),
    "phone international": () => fake.phone.number({ style: "international" }),
    card: () => fake.finance.creditCardNumber({ issuer: fake.helpers.arrayElement(["visa", "mastercard", "american_express"]) }),
    iban: () => fake.finance.iban({ formatted: fake.datatype.boolean() }),
    ipv4: () => fake.internet.ipv4(),
    ipv6: () => fake.internet.ipv6(),
    mac: () => fake.internet.mac(),
    imei: () => fake.phone.imei(),
    birth: () => fake.date.birthdate().toISOString().slice(0, 10),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    for (let n = 0; n < EACH; n++) say(kind, make());
  }
}

const chance = new Chance(SEED);
const numbers = {
  "US Social Security Number": () => chance.ssn(),
  "BR CPF": () => chance.cpf(),
  "IT codice fiscale": () => chance.cf(),
  "PL PESEL": () => chance.pl_pesel(),
};
for (const [kind, make] of Object.entries(numbers)) {
  for (let n = 0; n < EACH * 4; n++) say("number: " + kind, make());
}

const en = locales.en;
en.seed(SEED + 2);
en.setDefaultRefDate("2026-11-28T00:00:00Z");
const secrets = {
  password: () => en.internet.password({ length: en.number.int({ min: 8, max: 20 }) }),
  chosen: () => en.internet.password({ memorable: true, length: 10 }) + en.number.int(999),
  key: () => en.string.alphanumeric(40),
  hex: () => en.string.hexadecimal({ length: 32, casing: "lower", prefix: "" }),
  jwt: () => en.internet.jwt(),
};
for (const [kind, make] of Object.entries(secrets)) {
  for (let n = 0; n < EACH * 6; n++) say("secret: " + kind, make());
}

en.seed(SEED + 1);
const harmless = {
  prose: () => en.lorem.paragraph(),
  hacker: () => en.hacker.phrase(),
  commit: () => ({ sha: en.git.commitSha(), branch: en.git.branch(), message: en.git.commitMessage() }),
  identifier: () => ({ uuid: en.string.uuid(), ulid: en.string.ulid(), mongo: en.database.mongodbObjectId() }),
  product: () => ({ name: en.commerce.productName(), price: en.commerce.price(), isbn: en.commerce.isbn() }),
  time: () => ({ at: en.date.recent().toISOString(), ms: en.date.recent().getTime() }),
  software: () => `${en.system.fileName()} ${en.system.semver()} ${en.system.filePath()}`,
  cron: () => ({ cron: en.system.cron(), interface: en.system.networkInterface() }),
  link: () => ({ url: en.internet.url(), image: en.image.url(), emoji: en.internet.emoji() }),
  agent: () => ({ agent: en.internet.userAgent(), method: en.internet.httpMethod(), status: en.internet.httpStatusCode() }),
  money: () => ({ amount: en.finance.amount(), currency: en.finance.currencyCode(), type: en.finance.transactionType() }),
  company: () => ({ company: en.company.name(), phrase: en.company.catchPhrase(), buzz: en.company.buzzPhrase() }),
  place: () => ({ city: en.location.city(), latitude: en.location.latitude(), longitude: en.location.longitude() }),
  science: () => ({ element: en.science.chemicalElement(), unit: en.science.unit() }),
  flight: () => ({ flight: en.airline.flightNumber(), seat: en.airline.seat(), record: en.airline.recordLocator() }),
  number: () => ({ int: en.number.int(), float: en.number.float(), big: String(en.number.bigInt()) }),
  column: () => ({ column: en.database.column(), type: en.database.type(), engine: en.database.engine() }),
  colour: () => ({ rgb: en.color.rgb(), human: en.color.human(), space: en.color.space() }),
  order: () => ({ order: en.string.numeric(8), batch: en.string.alphanumeric(10), hex: en.string.hexadecimal({ length: 16 }) }),
  word: () => en.word.words(20),
};
for (const [kind, make] of Object.entries(harmless)) {
  for (let n = 0; n < EACH_HARMLESS; n++) say("harmless: " + kind, make());
}
