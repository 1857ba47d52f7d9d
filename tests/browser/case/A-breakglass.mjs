// Two administrators let held calls go for a while, and everybody sees it.
import assert from "node:assert/strict";

export default {
  "the glass is broken by two administrators, seen by everybody, and mended by one": async (stage) => {
    const page = await stage.signedIn("dave", {}, "#/approvals");
    await page.locator("[data-glass]").click();
    await page.getByText("Nobody has broken the glass").waitFor();
    await page.locator("[data-propose]").click();
    await page.getByLabel("Why").fill("the approvers are on a plane");
    await page.getByLabel("Calls of").fill("browser/dave");
    await page.getByLabel("Servers").fill("orders");
    await stage.picture(page, "breakglass-propose-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    const me = await page.evaluate(async () => (await fetch("/api/v1/me")).json());
    await page.getByLabel("Calls of").fill(me.id);
    await page.locator("[data-send]").click();
    await page.getByText("nobody lets their own calls go ahead").waitFor();
    await page.getByLabel("Calls of").fill(me.id.replace("dave", "alice"));
    await page.locator("[data-send]").click();
    await page.locator('[data-state="proposed"]', { hasText: "Another administrator confirms it" }).waitFor();
    // A call that waits goes when the glass is broken; nobody who is away had to agree.
    const waiting = stage.caller("alice").call("orders", "refund_order", { order_id: 2, amount: 1, reason: "late" });
    assert.equal(await page.locator("[data-confirm]").count(), 0, "nobody confirms their own");

    const watching = await stage.signedIn("carol", {}, "#/log");
    await watching.locator("h1").first().waitFor();
    assert.equal(await watching.locator(".glass:visible").count(), 0);
    const other = await stage.signedIn("frank", { scheme: "dark" }, "#/breakglass");
    await other.locator("[data-confirm]").click();
    await other.locator('[data-state="entered"]').waitFor();
    for (const seen of [page, other, watching]) {
      await seen.locator(".glass", { hasText: "held calls of some people at orders go ahead" }).waitFor();
    }
    await other.locator('[data-state="entered"] .left', { hasText: "m" }).waitFor();
    const went = JSON.stringify(await waiting);
    assert.ok(!went.includes("approval"), went);
    await stage.picture(other, "breakglass-desktop-dark");
    await stage.picture(watching, "breakglass-banner-desktop-light");
    assert.deepEqual(await stage.serious(other), []);
    assert.deepEqual(await stage.serious(watching), []);
    const ran = await stage.caller("alice").call("orders", "refund_order", { order_id: 1 });
    assert.ok(!JSON.stringify(ran).includes("approval_pending"), JSON.stringify(ran));

    const phone = await stage.signedIn("dave", { size: "phone" }, "#/breakglass");
    await phone.locator(".glass:visible").waitFor();
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `the page is ${wide} wide`);
    await stage.picture(phone, "breakglass-phone-light");
    assert.deepEqual(await stage.serious(phone), []);
    await phone.locator("[data-end]").click();
    await phone.locator('[data-state="ended"]').waitFor();
    for (const seen of [page, other, watching]) await seen.locator(".glass").waitFor({ state: "hidden" });
    stage.check();
  },
};
