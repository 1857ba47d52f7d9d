// What auditors ask for: reviews of access, evidence packages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export default {
  "grants are reviewed by somebody who does not hold them": async (stage) => {
    const page = await stage.signedIn("dave", {}, "#/reviews");
    await page.getByText("Access was never reviewed").waitFor();
    await page.getByRole("button", { name: "Begin a review" }).click();
    await page.getByLabel("Reviewers").fill("group:administrators");
    await stage.picture(page, "review-begin-desktop-light");
    await page.getByRole("button", { name: "Begin", exact: true }).click();
    const rows = page.locator(".grant-choose");
    await rows.first().waitFor();
    await stage.picture(page, "review-desktop-light");
    assert.deepEqual(await stage.serious(page), []);

    // By keyboard: choose two, say why, keep.
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByText("2 grants chosen").waitFor();
    await page.keyboard.press("r");
    await page.keyboard.type("they look things up for customers");
    await page.keyboard.press("Escape");
    await page.keyboard.press("y");
    await page.locator(".grant-said .pill-good", { hasText: "keep" }).nth(1).waitFor();

    await page.getByLabel("find a holder, server or tool").fill("refund_order");
    await page.locator(".grant-choose").first().click();
    await page.getByLabel("reason").fill("nobody refunds by hand any more");
    await stage.picture(page, "review-deciding-desktop-light");
    await page.getByRole("button", { name: "Revoke" }).click();
    await page.locator(".grant-said .pill-hold", { hasText: "as it was" }).waitFor();

    const phone = await stage.signedIn("dave", { size: "phone", scheme: "dark" }, page.url().split("#")[1].replace(/^/, "#"));
    await phone.locator(".grant-choose").first().waitFor();
    await phone.locator(".grant-choose:enabled").first().click();
    await stage.picture(phone, "review-phone-dark");
    assert.deepEqual(await stage.serious(phone), []);

    await page.getByRole("button", { name: "Close the review" }).click();
    await stage.picture(page, "review-close-desktop-light");
    await page.getByRole("button", { name: "Close it" }).click();
    await page.locator(".pill-bad", { hasText: "1 not done" }).waitFor();
    await stage.picture(page, "review-closed-desktop-light");
    assert.equal(await page.locator(".decider").count(), 0);
    stage.check();
  },

  "nobody chooses a grant of their own, and auditors only look": async (stage) => {
    const page = await stage.signedIn("carol", {}, "#/reviews");
    await page.locator("[data-row]").first().click();
    await page.locator(".grant-choose").first().waitFor();
    assert.equal(await page.locator(".grant-choose:enabled").count(), 0);
    assert.equal(await page.getByRole("button", { name: "Close the review" }).count(), 0);
    stage.check();
  },

  "an auditor has a package made, takes it away and verifies it": async (stage) => {
    await stage.caller("alice").call("orders", "list_orders", { status: "open" });
    const page = await stage.signedIn("carol", {}, "#/evidence");
    await page.getByText("No package waits").waitFor();
    await stage.picture(page, "evidence-empty-desktop-light");
    await page.getByLabel("Seed").fill("tossed in the browser");
    await page.getByLabel("How many").fill("1");
    await page.getByLabel("Drawn from").selectOption("calls");
    await page.getByRole("button", { name: "Last quarter" }).click();
    assert.match(await page.getByLabel("To, itself not in it").inputValue(), /-(01|04|07|10)-01$/);
    const day = (ahead) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel("From", { exact: true }).fill(day(-1));
    await page.getByLabel("To, itself not in it").fill(day(1));
    // What was written a moment ago is signed within seconds.
    await page.waitForFunction(async () => (await (await fetch("/api/v1/log")).json()).published > 0);
    await page.getByRole("button", { name: "Make the package" }).click();
    const link = page.locator("a[download]");
    // However fast it is.
    await page.locator("progress, a[download]").first().waitFor();
    await stage.picture(page, "evidence-making-desktop-light");
    await link.waitFor({ timeout: 120_000 });
    await stage.picture(page, "evidence-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    const file = join(stage.directory, "evidence.zip");
    await download.saveAs(file);
    const key = await page.locator(".steps code").first().innerText();
    const said = execFileSync(stage.program("countersign"), ["verify", file, "--key", key], { encoding: "utf8" });
    assert.match(said, /SOUND: every leaf leads to the signed root/);
    const phone = await stage.signedIn("carol", { size: "phone", scheme: "dark" }, "#/evidence");
    await phone.locator("a[download]").waitFor();
    await stage.picture(phone, "evidence-phone-dark");
    assert.deepEqual(await stage.serious(phone), []);
    stage.check();
  },
};
