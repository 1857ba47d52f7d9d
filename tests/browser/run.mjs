// Drives the console in a real browser, against the real gateway with real upstreams.
//
//   node tests/browser/run.mjs [WORD...]      cases whose sentence holds one of the words; all by default
//
// Needs `target/debug/countersign`, `target/debug/fixture` and Chromium; installs playwright-core and axe-core below
// target/. Screenshots and what the gateway said are kept in target/test/browser/.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, "../..");
// Node looks for packages beside the script that imports them: everything runs from a copy beside the packages.
const COPY = join(ROOT, "target", "browser");
const RESULTS = join(ROOT, "target", "test", "browser");
// Longest time for one case, in milliseconds.
const CASE_MS_MAX = 180_000;

function install() {
  mkdirSync(COPY, { recursive: true });
  const pins = readFileSync(join(HERE, "package-lock.json"), "utf8");
  const done = join(COPY, "node_modules", ".package-lock.json");
  const known = join(COPY, "package-lock.json");
  const fresh = existsSync(done) && existsSync(known) && readFileSync(known, "utf8") === pins;
  for (const name of ["support", "case"]) rmSync(join(COPY, name), { recursive: true, force: true });
  cpSync(HERE, COPY, { recursive: true });
  if (!fresh) execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: COPY, stdio: "inherit" });
}

// Ends with an error if `work` takes too long.
async function within(millis, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${millis / 1000} s`)), millis);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function main() {
  install();
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const { Stage } = await import(pathToFileURL(join(COPY, "support", "stage.mjs")));
  const words = process.argv.slice(2);
  const cases = [];
  for (const file of readdirSync(join(COPY, "case")).sort()) {
    const { default: found } = await import(pathToFileURL(join(COPY, "case", file)));
    cases.push(...Object.entries(found));
  }
  const chosen = cases.filter(([name]) => !words.length || words.some((word) => name.includes(word)));
  const stage = await Stage.set({ root: ROOT, results: RESULTS });
  let failed = 0;
  try {
    for (const [name, run] of chosen) {
      const began = Date.now();
      try {
        await within(CASE_MS_MAX, run(stage));
        console.log(`ok      ${name} (${Date.now() - began} ms)`);
      } catch (error) {
        failed += 1;
        console.log(
          `FAILED  ${name}\n        ${String(error.stack ?? error).replaceAll("\n", "\n        ")}`,
        );
        await stage.keepPictures(name);
      }
      await stage.endCase();
    }
  } finally {
    const unsound = await stage.strike();
    if (unsound) {
      failed += 1;
      console.log(`FAILED  the log is sound afterwards\n        ${unsound}`);
    }
  }
  console.log(`${chosen.length + 1 - failed} passed, ${failed} failed`);
  process.exitCode = failed || !chosen.length ? 1 : 0;
}

await main();
