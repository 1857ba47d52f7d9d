// Servers, policies, activity.
import assert from "node:assert/strict";
import { CORPUS } from "../support/hostile.mjs";

export default {
  "a changed definition is shown as a difference and accepted with a reason": async (stage) => {
    const caller = stage.caller("alice");
    await caller.list("hostile");
    stage.hostile.description = `Now it also deletes. ${CORPUS.join(" ")}`;
    await caller.list("hostile");
    const page = await stage.signedIn("dave", {}, "#/servers");
    await page.locator("tr", { hasText: "hostile" }).locator(".pill", { hasText: "1 changed" }).waitFor();
    await stage.picture(page, "servers-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.locator("tr", { hasText: "hostile" }).locator(".row-link").click();
    await page.locator(".diff-new", { hasText: "Now it also deletes" }).waitFor();
    await stage.picture(page, "server-drift-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    assert.equal(await page.locator("#view :is(iframe, img, script, math, base)").count(), 0);
    await page.getByLabel("reason").fill("announced by its owner");
    await page.getByRole("button", { name: "Accept this definition" }).click();
    await page.locator("td .pill", { hasText: "pinned" }).waitFor();
    assert.equal(await page.locator(".diff").count(), 0);
    stage.check();
  },

  "what a hostile server answers stays text in its recording": async (stage) => {
    const answer = await stage.caller("alice").call("hostile", "say", { text: CORPUS[0] });
    assert.ok(answer.result, JSON.stringify(answer));
    const page = await stage.signedIn("carol", {}, "#/sessions?server=hostile");
    await page.locator("[data-row], .fresh:not([hidden])").first().waitFor();
    if (!(await page.locator("[data-row]").count())) await page.locator(".fresh").click();
    await page.locator("[data-row]").first().click();
    await page.locator("tr", { hasText: "say" }).locator(".row-link").last().click();
    await page.locator(".call-parts .tree", { hasText: "pwned()" }).first().waitFor();
    await page.locator(".hidden-character").first().waitFor();
    assert.equal(await page.locator("#view :is(iframe, img, script, math, base)").count(), 0);
    stage.check();
  },

  "policies are read, tried and compared": async (stage) => {
    const page = await stage.signedIn("dave", {}, "#/policies");
    await page.locator(".policy", { hasText: "changes-need-somebody" }).waitFor();
    await stage.picture(page, "policies-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.getByRole("link", { name: "Try a call" }).click();
    await page.getByLabel("Subject").fill("alice");
    await page.getByLabel("Groups").fill("engineering");
    await page.getByLabel("Server").fill("orders");
    await page.getByLabel("Tool").fill("refund_order");
    await page.getByLabel("Arguments").fill('{"order_id": 1, "amount": 5}');
    await page.getByRole("button", { name: "Ask" }).click();
    await page.locator(".answer", { hasText: "changes-need-somebody" }).waitFor();
    assert.match(await page.locator(".answer").innerText(), /hold/);
    await stage.picture(page, "policies-try-desktop-light");
    await page.getByRole("link", { name: "Draft" }).click();
    const editor = page.locator(".editor").first();
    await page.getByText("The draft is what is in force").waitFor();
    await editor.fill((await editor.inputValue()).replace('"refund_order"', '"refund_order", "query"'));
    await page.locator(".diff-new", { hasText: '"query"' }).waitFor();
    await stage.picture(page, "policies-draft-desktop-light");
    await editor.fill("permit (principal, action,");
    await page.locator(".notice-bad").first().waitFor();
    stage.check();
  },

  "the matrix says who may do what, and why": async (stage) => {
    const page = await stage.signedIn("carol", {}, "#/access");
    const cell = page.locator('.cell-hold[data-row^="orders/refund_order/"]').first();
    await cell.waitFor();
    await stage.picture(page, "access-desktop-light");
    await cell.click();
    await page.locator(".why", { hasText: "changes-need-somebody" }).waitFor();
    assert.match(await page.locator(".why").innerText(), /1 person of approvers/);
    // The matrix has the whole width again, and the keyboard is where it was.
    await page.locator(".why").getByRole("button", { name: "close" }).click();
    await page.locator(".why").waitFor({ state: "hidden" });
    assert.match(await page.evaluate(() => document.activeElement.dataset.row), /^orders\/refund_order\//);
    await page.getByLabel("find a server or tool").fill("get_customer");
    await page.locator('[data-row^="orders/get_customer/"]').first().waitFor();
    assert.equal(await page.locator('[data-row^="orders/refund_order/"]').count(), 0);
    assert.deepEqual(await stage.serious(page), []);
    await page.getByLabel("As of").fill("2020-01-01T00:00");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("no policies were in force at that time").waitFor();
    stage.check();
  },

  "activity counts what happened": async (stage) => {
    await stage.caller("alice").call("orders", "list_orders", { status: "open" });
    const page = await stage.signedIn("carol", {}, "#/activity?window=15m");
    await page.locator(".figure:nth-child(1) b", { hasText: /[1-9]/ }).waitFor();
    await page.locator("rect.bar-good").first().waitFor();
    await stage.picture(page, "activity-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    stage.check();
  },
};
