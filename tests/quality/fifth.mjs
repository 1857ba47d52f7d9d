// Numbers of persons that validator and FormValidation take, as lines of JSON. Digits and letters are drawn into the
// forms that the countries use until a validator takes them; everything is drawn with one seed.
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const validator = require("validator");
const { id } = require("@form-validation/validator-id");

const SEED = 20261130;
const EACH = 6;
const TRIES = 40_000;

let state = SEED;
const draw = () => {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
const below = (count) => Math.floor(draw() * count);
const one = (list) => list[below(list.length)];
const two = (number) => String(number).padStart(2, "0");

// `y` year of two digits, `Y` of four, `m` month, `d` day, `9` digit, `1` digit but zero, `A` letter, `#` a nine; the rest is itself.
const fill = (form) => {
  const year = 1935 + below(70);
  const parts = { y: two(year % 100), Y: String(year), m: two(1 + below(12)), d: two(1 + below(28)) };
  return [...form]
    .map((sign) => {
      if (sign in parts) return parts[sign];
      if (sign === "9") return String(below(10));
      if (sign === "1") return String(1 + below(9));
      if (sign === "#") return "9";
      return sign === "A" ? one("ABCDEFGHIJKLMNOPQRSTUVWXYZ") : sign;
    })
    .join("");
};

const card = (locale) => (text) => validator.isIdentityCard(text, locale);
const tax = (locale) => (text) => validator.isTaxID(text, locale);
const passport = (country) => (text) => validator.isPassportNumber(text, country);
const form = id();
const known = (country) => (text) => form.validate({ value: text, options: { country }, elements: [], element: null, field: "", l10n: undefined }).valid;

const kinds = [
  ["AR", "tax", tax("es-AR"), ["20-99999999-9", "27-99999999-9", "20999999999"]],
  ["AT", "tax", tax("de-AT"), ["99-999/9999", "999999999"]],
  ["BA", "national", known("BA"), ["dm#y179999", "dm#y109999"]],
  ["BE", "national", tax("nl-BE"), ["ymd99999", "y.m.d-999.99"]],
  ["BG", "national", tax("bg-BG"), ["ymd9999"]],
  ["BR", "tax", tax("pt-BR"), ["999.999.999-99", "99999999999"]],
  ["CA", "social", tax("en-CA"), ["999-999-999", "999 999 999", "999999999"]],
  ["CH", "social", known("CH"), ["756.9999.9999.99", "7569999999999"]],
  ["CL", "national", known("CL"), ["19.999.999-9", "19999999-9"]],
  ["CN", "national", card("zh-CN"), ["110105Ymd9999", "440305Ymd999X", "310115Ymd9999"]],
  ["CZ", "national", tax("cs-CZ"), ["ymd/9999", "ymd9999"]],
  ["DE", "tax", tax("de-DE"), ["19999999999"]],
  ["DK", "national", known("DK"), ["dmy-9999", "dmy9999"]],
  ["EE", "national", tax("et-EE"), ["3ymd9999", "4ymd9999"]],
  ["ES", "national", card("ES"), ["99999999A", "X9999999A", "Y9999999A"]],
  ["FI", "national", card("FI"), ["dmy-999A", "dmyA999A"]],
  ["FR", "tax", tax("fr-FR"), ["19 99 999 999 999", "0999999999999"]],
  ["GR", "tax", tax("el-GR"), ["199999999"]],
  ["HK", "national", card("zh-HK"), ["A999999(9)", "A9999999"]],
  ["HR", "national", tax("hr-HR"), ["99999999999"]],
  ["HU", "tax", tax("hu-HU"), ["8999999999"]],
  ["IE", "social", tax("en-IE"), ["9999999A", "9999999AA"]],
  ["IL", "national", card("he-IL"), ["999999999"]],
  ["IN", "national", card("IN"), ["1999 9999 9999", "199999999999"]],
  ["IR", "national", card("IR"), ["9999999999"]],
  ["IS", "national", known("IS"), ["dmy-9999", "dmy9999"]],
  ["IT", "tax", tax("it-IT"), ["AAAAAA99A99A999A"]],
  ["KR", "national", known("KR"), ["ymd-1999999", "ymd-2999999"]],
  ["LT", "national", tax("lt-LT"), ["3ymd9999", "4ymd9999"]],
  ["LU", "national", tax("fr-LU"), ["Ymd99999"]],
  ["LV", "national", tax("lv-LV"), ["dmy-19999", "dmy19999"]],
  ["MK", "national", known("MK"), ["dm#y419999", "dm#y459999"]],
  ["MX", "national", known("MX"), ["AAAAymdHDFAAA99", "AAAAymdMJCAAA99"]],
  ["NL", "national", tax("nl-NL"), ["999999999", "99.99.99.999"]],
  ["NO", "national", card("NO"), ["dmy99999", "dmy 99999"]],
  ["PL", "national", card("PL"), ["ymd99999"]],
  ["PL", "tax", tax("pl-PL"), ["1999999999", "199-999-99-99"]],
  ["PT", "tax", tax("pt-PT"), ["299999999", "199999999"]],
  ["RO", "national", tax("ro-RO"), ["1ymd409999", "2ymd129999", "1ymd129999"]],
  ["RS", "national", known("RS"), ["dm#y719999", "dm#y789999"]],
  ["SE", "national", tax("sv-SE"), ["ymd-9999", "Ymd-9999"]],
  ["SI", "tax", tax("sl-SI"), ["19999999"]],
  ["SK", "national", tax("sk-SK"), ["ymd/9999", "ymd9999"]],
  ["TH", "national", card("TH"), ["1999999999999", "1-9999-99999-99-9"]],
  ["TR", "national", known("TR"), ["19999999999"]],
  ["TW", "national", card("zh-TW"), ["A199999999", "A299999999"]],
  ["UA", "tax", tax("uk-UA"), ["3999999999", "2999999999"]],
  ["US", "tax", tax("en-US"), ["12-9999999", "46-9999999"]],
  ["UY", "national", known("UY"), ["1.999.999-9", "19999999"]],
  ["ZA", "national", known("ZA"), ["ymd9999089", "ymd9999189"]],
  ["DE", "passport", passport("DE"), ["C01X999H9", "CF9999999"]],
  ["ES", "passport", passport("ES"), ["AAA999999"]],
  ["FR", "passport", passport("FR"), ["14CV99999", "19AA99999"]],
  ["GB", "passport", passport("GB"), ["599999999"]],
  ["IN", "passport", passport("IN"), ["A1999999"]],
  ["NL", "passport", passport("NL"), ["NW9999999"]],
  ["PL", "passport", passport("PL"), ["EA9999999"]],
  ["SE", "passport", passport("SE"), ["99999999"]],
  ["US", "passport", passport("US"), ["599999999"]],
];
for (const [country, what, takes, forms] of kinds) {
  const found = new Set();
  for (let at = 0; at < TRIES && found.size < EACH; at++) {
    const text = fill(forms[at % forms.length]);
    let valid = false;
    try { valid = takes(text); } catch { /* some throw at what they do not expect */ }
    if (valid) found.add(text);
  }
  for (const value of found) console.log(JSON.stringify({ kind: what, country, value }));
  if (found.size === 0) console.error(`none of ${country} ${what}`);
}
