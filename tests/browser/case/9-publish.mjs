// Policies that one person proposes and another publishes.
import assert from "node:assert/strict";

export default {
  "a policy is proposed by one person, published by another, and decides then": async (stage) => {
    const alice = stage.caller("alice");
    const before = await alice.call("orders", "list_orders", { status: "open" });
    assert.ok(before.result && !before.result.isError, JSON.stringify(before));
    const page = await stage.signedIn("dave", {}, "#/policies/draft");
    const editor = page.locator(".editor").first();
    await page.getByText("The draft is what is in force").waitFor();
    const text = await editor.inputValue();
    await editor.fill(text.replace('"list_orders", "get_customer"', '"get_customer"'));
    await page.locator(".diff-old", { hasText: '"list_orders"' }).waitFor();
    await page.locator("[data-propose]:enabled").waitFor();
    await stage.picture(page, "policies-propose-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.locator("[data-propose]").click();
    await page.locator(".proposal", { hasText: "You proposed" }).waitFor();
    await page.locator(".proposal .diff-old", { hasText: '"list_orders"' }).waitFor();
    assert.equal(await page.locator("[data-publish]").count(), 0);
    await page.getByText("a second person publishes what you have proposed").waitFor();
    await stage.picture(page, "policies-proposed-desktop-light");

    const other = await stage.signedIn("frank", { scheme: "dark" }, "#/policies/proposals");
    await other.locator(".proposal .diff-old", { hasText: '"list_orders"' }).waitFor();
    await stage.picture(other, "policies-proposal-desktop-dark");
    assert.deepEqual(await stage.serious(other), []);
    await other.locator("[data-publish]").click();
    await other.getByText("Nothing is proposed").waitFor();
    // The page of whoever proposed it learns of it without a reload.
    await page.getByText("Nothing is proposed").waitFor();
    const after = await alice.call("orders", "list_orders", { status: "open" });
    assert.ok(after.error || after.result.isError, JSON.stringify(after));
    stage.check();
  },

  "a proposal reads well on a phone, and is withdrawn": async (stage) => {
    const page = await stage.signedIn("dave", { size: "phone" }, "#/policies/draft");
    const editor = page.locator(".editor").first();
    await page.getByText("The draft is what is in force").waitFor();
    await editor.fill((await editor.inputValue()).replace('"refund_order"', '"refund_order", "cancel_order"'));
    await page.locator("[data-propose]:enabled").click();
    await page.locator(".proposal .diff-new").first().waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `the page is ${wide} wide`);
    await stage.picture(page, "policies-proposal-phone-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.locator("[data-withdraw]").first().click();
    await page.getByText("Nothing is proposed").waitFor();
    stage.check();
  },
};
