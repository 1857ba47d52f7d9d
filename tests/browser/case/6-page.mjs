// The page as a whole: keys, sizes, colours, policy.
import assert from "node:assert/strict";

const VIEWS = [
  "access",
  "approvals",
  "sessions",
  "servers",
  "servers/orders",
  "policies",
  "policies/try",
  "log",
  "activity",
  "account",
];

export default {
  "everything is reached by the keyboard": async (stage) => {
    const page = await stage.signedIn("carol");
    for (const [key, title] of [
      ["s", "Sessions"],
      ["x", "Access"],
      ["v", "Servers"],
      ["p", "Policies"],
      ["l", "Log"],
      ["t", "Activity"],
      ["a", "Approvals"],
    ]) {
      await page.keyboard.press("g");
      await page.keyboard.press(key);
      await page.getByRole("heading", { name: title, exact: true }).waitFor();
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await stage.picture(page, "keyboard-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("g");
    await page.keyboard.press("l");
    await page.locator("[data-row]").nth(2).waitFor();
    const rows = await page.locator("[data-row]").evaluateAll((all) => all.map((row) => row.dataset.row));
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("j");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.row), rows[1]);
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`#/log/${rows[1]}$`));
    await page.keyboard.press("Escape");
    await page.waitForURL(/#\/log$/);
    stage.check();
  },

  "the theme follows the system until somebody chooses": async (stage) => {
    const page = await stage.signedIn("carol", { scheme: "dark" });
    const shade = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await shade();
    await page.keyboard.press("t");
    const light = await shade();
    assert.notEqual(dark, light);
    await page.reload();
    await page.waitForSelector("#view h1");
    assert.equal(await shade(), light);
    stage.check();
  },

  "axe finds nothing serious in any view, in dark, light and on a phone": async (stage) => {
    const looks = [
      { scheme: "light" },
      { scheme: "dark", reduced: true },
      { size: "phone", scheme: "light" },
    ];
    for (const look of looks) {
      const page = await stage.signedIn("carol", look);
      for (const view of VIEWS) {
        await page.goto(`${stage.base}/console/#/${view}`);
        await page.waitForFunction(() => !document.querySelector("#view .loading, #view [aria-busy]"));
        const found = await stage.serious(page);
        assert.deepEqual(found, [], `${view} ${JSON.stringify(look)}`);
        if (look.size === "phone") {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= 390, `${view} is ${wide} wide`);
        }
        await stage.picture(page, `view-${view.replace("/", "-")}-${look.size ?? "desktop"}-${look.scheme}`);
      }
    }
    stage.check();
  },

  "the page is served with a policy that lets nothing else in": async (stage) => {
    const answer = await fetch(`${stage.base}/console/`);
    const policy = answer.headers.get("content-security-policy");
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      assert.ok(policy.includes(part), policy);
    }
    assert.ok(!/unsafe|https?:|data:|\*/.test(policy), policy);
    const page = await stage.page();
    const origins = new Set();
    page.on("request", (request) => origins.add(new URL(request.url()).origin));
    await page.goto(`${stage.base}/console/`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual([...origins], [stage.base]);
    stage.check();
  },
};
