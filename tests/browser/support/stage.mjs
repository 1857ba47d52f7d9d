// What the cases run on: an issuer, a shop, a hostile server, the gateway in front of them, and a browser.
import { spawn, execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
  createWriteStream,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { Hostile } from "./hostile.mjs";
import { Caller } from "./caller.mjs";
import { POLICIES } from "./policies.mjs";

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
// While one works on the page: its files from here instead of from the binary.
const ASSETS = process.env.CONSOLE_ASSETS;
const READY_MS_MAX = 60_000;
const STEP_MS_MAX = 30_000;
const CONSOLE = "countersign-console";
export const SIZES = { desktop: [1440, 900], tablet: [1024, 768], phone: [390, 844] };
const PEOPLE = { alice: "engineering", bob: "approvers", carol: "auditors", dave: "administrators", frank: "administrators" };

export class Stage {
  static async set({ root, results }) {
    const stage = new Stage();
    Object.assign(stage, { results, children: [], contexts: [], faults: [] });
    stage.program = (name) => join(root, "target", "debug", name);
    stage.directory = mkdtempSync(join(tmpdir(), "countersign-browser-"));
    try {
      await stage.start();
    } catch (error) {
      await stage.strike();
      throw error;
    }
    return stage;
  }

  async start() {
    const port = await freePort();
    const admin = await freePort();
    this.base = `http://localhost:${port}`;
    const client = { id: CONSOLE, redirect_uris: [`${this.base}/console/callback`] };
    const caller = { id: "caller", redirect_uris: ["http://localhost/back"] };
    const people = Object.entries(PEOPLE).flatMap(([name, group]) => ["--person", `${name}:${group}`]);
    const clients = [client, caller].flatMap((one) => ["--client", JSON.stringify(one)]);
    this.issuer = await this.fixture("issuer", ...people, ...clients);
    const shop = await this.fixture("orders");
    this.hostile = await Hostile.start();
    mkdirSync(join(this.directory, "policies"));
    writeFileSync(join(this.directory, "policies", "browser.cedar"), POLICIES);
    this.file = join(this.directory, "countersign.yaml");
    // JSON is YAML.
    writeFileSync(this.file, JSON.stringify(this.configuration({ port, admin, shop })));
    this.spawn("countersign", "serve", "-c", this.file);
    await ready(`http://127.0.0.1:${admin}/readyz`);
    // The gateway knows by name what a server has listed; every case may begin with that.
    for (const server of ["orders", "hostile"]) await this.caller("alice").list(server);
    const path = process.env.CHROMIUM ?? BROWSERS.find((one) => existsSync(one));
    if (!path) throw new Error("there is no Chromium; ./test.sh system installs it");
    // As root, and in containers, Chromium's own sandbox cannot be set up.
    this.browser = await chromium.launch({
      executablePath: path,
      args: ["--no-sandbox"],
      timeout: READY_MS_MAX,
    });
  }

  configuration({ port, admin, shop }) {
    const accounts = Object.entries(PEOPLE).map(([login, group]) => ({
      login,
      label: `${login} (${group})`,
    }));
    return {
      deployment: "browser",
      listen: { address: `127.0.0.1:${port}`, public_url: this.base, allowed_hosts: [`127.0.0.1:${port}`] },
      admin: { address: `127.0.0.1:${admin}` },
      storage: { directory: "data" },
      identity: { issuers: [{ name: "demo", url: this.issuer, console: { client_id: CONSOLE, accounts } }] },
      policy: { directory: "policies", publish: {} },
      servers: [
        { name: "orders", http: { url: shop } },
        { name: "hostile", http: { url: this.hostile.url } },
      ],
      log: { level: "warn" },
    };
  }

  spawn(name, ...words) {
    const child = spawn(this.program(name), words, { stdio: ["ignore", "pipe", "pipe"] });
    const said = createWriteStream(join(this.results, `${name}-${this.children.length}.log`));
    child.stderr.pipe(said);
    if (name === "countersign") child.stdout.pipe(said);
    this.children.push(child);
    return child;
  }

  // A fixture that prints its URL first.
  async fixture(...words) {
    const child = this.spawn("fixture", ...words);
    const [line] = await once(createInterface({ input: child.stdout }), "line", {
      signal: AbortSignal.timeout(READY_MS_MAX),
    });
    return line.trim();
  }

  // Somebody who calls tools, proven to the gateway.
  caller(person) {
    return new Caller(this, person);
  }

  // A page of its own, with nobody signed in. Whatever the page complains of is a fault of the case.
  async page({ size = "desktop", scheme = "light", reduced = false } = {}) {
    const [width, height] = SIZES[size];
    const context = await this.browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      hasTouch: size === "phone",
      reducedMotion: reduced ? "reduce" : "no-preference",
    });
    this.contexts.push(context);
    if (ASSETS) await context.route(`${this.base}/console/**`, (route) => fromDirectory(route));
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS_MAX);
    page.on("pageerror", (error) => this.faults.push(`error in the page: ${error.message}`));
    page.on("dialog", (dialog) => {
      this.faults.push(`a dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("console", (message) => {
      if (/Content Security Policy|Trusted Type/i.test(message.text())) this.faults.push(message.text());
    });
    return page;
  }

  // A page with `person` signed in, by the same steps as a person takes.
  async signedIn(person, options = {}, place = "#/approvals") {
    const page = await this.page(options);
    await page.goto(`${this.base}/console/${place}`);
    await page.getByRole("link", { name: new RegExp(person) }).click();
    await page.waitForSelector("#view");
    await page.waitForSelector(".status-live", { state: "attached" });
    return page;
  }

  // What axe finds serious on the page as it is.
  async serious(page) {
    // The page's policy lets no script in; the tool's own channel does not ask it.
    await page.evaluate(AXE + "\n;undefined");
    const { violations } = await page.evaluate(() =>
      window.axe.run(document, { resultTypes: ["violations"] }),
    );
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map((node) => `${node.target.join(" ")} (${node.failureSummary})`)
            .slice(0, 4)
            .join("; ")}`,
      );
  }

  async picture(page, name) {
    await page.screenshot({ path: join(this.results, `${name}.png`) });
  }

  async keepPictures(name) {
    const safe = name.replace(/\W+/g, "-").slice(0, 60);
    const pages = this.contexts.flatMap((context) => context.pages());
    for (const [at, page] of pages.entries()) {
      await page.screenshot({ path: join(this.results, `FAILED-${safe}-${at}.png`) }).catch(() => {});
    }
  }

  // No fault may be left over from what a case did.
  check() {
    const faults = this.faults.splice(0);
    if (faults.length) throw new Error(faults.join("\n"));
  }

  async endCase() {
    this.faults = [];
    for (const context of this.contexts.splice(0)) await context.close();
  }

  // Ends everything; says what is wrong with the log that was written meanwhile.
  async strike() {
    await this.browser?.close();
    for (const child of this.children) {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    await this.hostile?.stop();
    let unsound = null;
    if (this.browser) {
      try {
        const run = (...words) =>
          execFileSync(this.program("countersign"), words, { encoding: "utf8", timeout: READY_MS_MAX });
        const made = JSON.parse(
          run("export", "-c", this.file, "-o", join(this.directory, "export"), "--json"),
        );
        run("verify", join(this.directory, "export"), "--key", made.key);
      } catch (error) {
        unsound = String(error.stdout ?? error.message);
      }
    }
    rmSync(this.directory, { recursive: true, force: true });
    return unsound;
  }
}

// A file of the page as it is on disk, under the headers that the gateway gives it.
async function fromDirectory(route) {
  const { pathname } = new URL(route.request().url());
  const name = pathname === "/console/" ? "index.html" : pathname.replace(/^\/console\/(assets\/)?/, "");
  const file = join(ASSETS, name);
  if (name.includes("/") || !existsSync(file)) return route.fallback();
  const types = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
  const given = pathname === "/console/" ? (await route.fetch()).headers() : {};
  const headers = { ...given, "content-type": types[name.split(".").at(-1)] };
  delete headers["content-length"];
  return route.fulfill({ body: readFileSync(file), headers });
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

// Asks until the gateway says that it is ready.
async function ready(url) {
  const until = Date.now() + READY_MS_MAX;
  for (;;) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > until) throw new Error("the gateway did not become ready");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
