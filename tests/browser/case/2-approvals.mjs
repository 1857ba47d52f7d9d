// Held calls.
import assert from "node:assert/strict";
import { CORPUS } from "../support/hostile.mjs";

const DELETE = "-- tidy up\nDELETE FROM orders\nWHERE status = 'cancelled' -- \u202eon";

// Opens the held call of `tool` that this person is to decide.
async function open(page, tool) {
  const row = page.locator(".inbox-row", { hasText: tool }).first();
  await row.waitFor();
  await row.click();
  await page.locator(".held").waitFor();
}

export default {
  "a held call appears by itself, shows exactly what would run, and runs once it is approved": async (
    stage,
  ) => {
    const page = await stage.signedIn("bob");
    await page.getByText("Nothing waits").waitFor();
    const held = stage.caller("alice").call("orders", "execute", { sql: DELETE });
    await open(page, "execute");
    const code = page.locator(".call .code");
    assert.match(await code.innerText(), /DELETE FROM orders\nWHERE status = 'cancelled'/);
    assert.match(await code.innerText(), /U\+202E/);
    assert.match(await page.locator(".held .notice-bad").innerText(), /turn the direction of writing/);
    await page.getByText("changes-need-somebody").first().waitFor();
    await page.locator(".badge:not([hidden])").waitFor({ state: "attached" });
    await stage.picture(page, "approval-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.locator("[data-reason]").fill("agreed with the owner");
    await page.locator("[data-approve]").click();
    const { result } = await held;
    assert.ok(result && !result.isError, JSON.stringify(result));
    await page.locator(".held-state .pill", { hasText: /ran|approved/ }).waitFor();
    await page.locator(".votes q", { hasText: "agreed with the owner" }).waitFor();
    stage.check();
  },

  "whoever asked cannot approve, and reads why": async (stage) => {
    const held = stage
      .caller("alice")
      .call("orders", "refund_order", { order_id: 1, amount: 4, reason: "late" });
    const page = await stage.signedIn("alice");
    await open(page, "refund_order");
    await page.locator(".decide", { hasText: /own|approve/ }).waitFor();
    assert.equal(await page.locator("[data-approve]").count(), 0);
    const other = await stage.signedIn("bob");
    await open(other, "refund_order");
    await other.locator("[data-reject]").click();
    await other.getByText("Say why").waitFor();
    await other.locator("[data-reason]").fill("not this one");
    await other.locator("[data-reject]").click();
    const { result } = await held;
    assert.equal(result.isError, true);
    // The page of whoever asked learns of it without a reload.
    await page.locator(".held-state .pill", { hasText: "rejected" }).waitFor();
    await page.locator(".votes q", { hasText: "not this one" }).waitFor();
    stage.check();
  },

  "on a phone a held call is decided with the thumb": async (stage) => {
    const page = await stage.signedIn("bob", { size: "phone", scheme: "dark" });
    const held = stage
      .caller("alice")
      .call("orders", "refund_order", { order_id: 2, amount: 5, reason: "broken" });
    await open(page, "refund_order");
    const approve = page.locator("[data-approve]");
    const box = await approve.boundingBox();
    assert.ok(box.height >= 44 && box.y + box.height <= 844, JSON.stringify(box));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `the page is ${wide} wide`);
    await stage.picture(page, "approval-phone-dark");
    assert.deepEqual(await stage.serious(page), []);
    await approve.tap();
    const { result } = await held;
    assert.ok(!result.isError, JSON.stringify(result));
    stage.check();
  },

  "nothing in an argument becomes part of the page": async (stage) => {
    const page = await stage.signedIn("bob");
    const args = Object.fromEntries(CORPUS.map((text, at) => [`${text} ${at}`, text]));
    const held = stage
      .caller("alice")
      .call("orders", "refund_order", { order_id: 1, amount: 1, reason: CORPUS.join(" "), ...args });
    await open(page, "refund_order");
    await page.locator(".call", { hasText: "pwned()" }).waitFor();
    await stage.picture(page, "approval-hostile-desktop-light");
    assert.equal(
      await page.locator("#view :is(iframe, img, script, form[action], math, base, object, embed)").count(),
      0,
    );
    await page.locator("[data-reason]").fill(CORPUS[1]);
    await page.locator("[data-reject]").click();
    await held;
    await page.locator(".votes q", { hasText: "onerror" }).waitFor();
    assert.equal(await page.locator("#view img").count(), 0);
    stage.check();
  },
};
