// Colours for statements, JSON and Cedar: one pass over the text, and every character of it stays what and
// where it was.
import { h } from "./dom.js";
import { marked, unescaped, visible } from "./text.js";

const words = (list) => new Set(list.split(" "));

const SQL = words(
  "add all alter and any as asc backup begin between by call cascade case cast check column " +
    "commit constraint copy create cross database declare default desc distinct do else end " +
    "except exec execute exists explain fetch for foreign from full function group having if in " +
    "index inner insert intersect into is join key lateral left like limit lock merge not null " +
    "offset on or order outer over partition primary procedure recursive references replace " +
    "returning right rollback schema select set table then to transaction trigger union unique " +
    "update using values view when where window with",
);
// What changes or ends data is marked so that it is not read over.
const SQL_STRONG = words("alter delete drop exec execute grant insert merge replace revoke truncate update");
const CEDAR = words(
  "permit forbid when unless if then else in has like is true false principal action resource context",
);
const CEDAR_STRONG = words("forbid");

const LANGUAGES = {
  sql: {
    token:
      /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*'?|"(?:[^"]|"")*"?)|(\b\d[\w.]*)|([\p{L}_][\p{L}\p{N}_]*)/gu,
    word: (word) => {
      const lower = word.toLowerCase();
      if (SQL_STRONG.has(lower)) return "strong";
      return SQL.has(lower) ? "word" : null;
    },
  },
  json: {
    token: /(?!)()|("(?:[^"\\]|\\[\s\S])*"?(?=\s*:))|(-?\b\d[\w.+-]*)|("(?:[^"\\]|\\[\s\S])*"?|\b[a-z]+\b)/gu,
    word: (word) => (word.startsWith('"') ? "text" : "word"),
    second: "name",
  },
  cedar: {
    token: /(\/\/[^\n]*)|("(?:[^"\\]|\\[\s\S])*"?)|(\b\d\w*)|(@?[A-Za-z_]\w*)/gu,
    word: (word) => {
      if (word.startsWith("@")) return "name";
      if (CEDAR_STRONG.has(word)) return "strong";
      return CEDAR.has(word) ? "word" : null;
    },
  },
  shell: {
    token: /((?<=^|\s)#[^\n]*)|('[^']*'?|"(?:[^"\\]|\\[\s\S])*"?)|(\b\d\w*\b)|([A-Za-z_./-][\w./-]*)/gmu,
    word: (word) =>
      /^(rm|dd|mkfs\S*|sudo|chmod|chown|curl|wget|kill|shutdown)$/.test(word) ? "strong" : null,
  },
};

// The text as coloured nodes.
function colour(text, language) {
  const rules = LANGUAGES[language];
  if (!rules) return [text];
  const nodes = [];
  let last = 0;
  const classes = ["comment", rules.second ?? "text", "number"];
  for (const match of text.matchAll(rules.token)) {
    const group = [1, 2, 3, 4].find((number) => match[number]);
    const kind = group === 4 ? rules.word(match[0]) : classes[group - 1];
    if (!kind) continue;
    if (match.index > last) nodes.push(text.slice(last, match.index));
    nodes.push(h("span", { class: `code-${kind}` }, match[0]));
    last = match.index + match[0].length;
  }
  nodes.push(text.slice(last));
  return nodes;
}

// Which language a text is most likely in; the classifier's word counts first.
export function language(text, hint) {
  if (hint === "sql" || hint === "shell") return hint;
  if (/^\s*[[{]/.test(text)) return "json";
  if (/^\s*(--|\/\*|(select|insert|update|delete|with|create|drop|alter|truncate|grant|merge)\b)/i.test(text))
    return "sql";
  return null;
}

// A block of code. `escaped`: the gateway has written hidden characters as escapes already. `doubtful`: it
// warns of letters that look like others, so colours give way to marks on them.
export function block(text, lang, { escaped = false, doubtful = false } = {}) {
  const draw = doubtful ? marked : (part) => colour(part, lang);
  const nodes = escaped ? unescaped(text, draw) : visible(text, draw);
  return h("pre", { class: "code", tabindex: "0" }, h("code", null, nodes));
}
