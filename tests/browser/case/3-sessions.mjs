// Recordings.
import assert from "node:assert/strict";

// The first row of a list, once what was done before is in it: the list says that there is more, and is asked.
async function found(page) {
  const row = page.locator("[data-row]").first();
  const fresh = page.locator(".fresh:not([hidden])");
  for (;;) {
    await row.or(fresh).first().waitFor();
    if (await row.isVisible()) return row;
    await fresh.click();
  }
}

export default {
  "a session is replayed at its pace, with masked values marked by the detector": async (stage) => {
    const caller = stage.caller("alice");
    await caller.list("orders");
    await caller.call("orders", "list_orders", { status: "open" });
    await caller.call("orders", "get_customer", { customer_id: 1 });
    await caller.call("orders", "delete_customer", { customer_id: 1 });
    const page = await stage.signedIn("carol", {}, "#/sessions?tool=get_customer");
    await (await found(page)).click();
    await page.locator("[data-play]").waitFor();
    await page.locator("tr", { hasText: "get_customer" }).locator(".row-link").first().click();
    const mark = page.locator(".call-parts mark.masked").first();
    await mark.waitFor();
    assert.match(await mark.getAttribute("title"), /^masked: \S+, \d+ characters/);
    await page.locator(".call-parts a.proof").first().waitFor();
    await stage.picture(page, "replay-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.getByLabel("speed").selectOption("16");
    await page.locator("[data-play]").click();
    await page.locator("[data-play]", { hasText: "Replay" }).waitFor();
    const [at, length] = (await page.locator(".clock").innerText()).split(" of ");
    assert.equal(at, length);
    await page.locator("tr.is-current").last().waitFor();
    stage.check();
  },

  "sessions are filtered by decision, tool and text, and the filter is in the address": async (stage) => {
    await stage.caller("alice").call("orders", "delete_customer", { customer_id: 2 });
    const page = await stage.signedIn("carol", { scheme: "dark" }, "#/sessions");
    await found(page);
    await stage.picture(page, "sessions-desktop-dark");
    const server = page.locator("tbody tr").first().locator("td").nth(1);
    assert.match(await server.innerText(), /^(orders|hostile)$/);
    await page.getByLabel("Decision").selectOption("deny");
    await page.waitForURL(/decision=deny/);
    await found(page);
    await page.locator("td b.bad").first().waitFor();
    await page.getByLabel("Tool").fill("no_such_tool");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByText("No session matches").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await found(page);
    await page.keyboard.press("/");
    await page.keyboard.type("delete_customer");
    await page.keyboard.press("Enter");
    await page.waitForURL(/text=delete_customer/);
    await found(page);
    stage.check();
  },

  "a list of recordings does not look again by itself, since looking is recorded": async (stage) => {
    const page = await stage.signedIn("carol", {}, "#/sessions?tool=list_customers");
    await page.getByText("No session matches").waitFor();
    await stage.caller("alice").call("orders", "list_customers", {});
    await page.getByRole("button", { name: "Show what came since" }).waitFor();
    assert.equal(await page.locator("[data-row]").count(), 0);
    await found(page);
    stage.check();
  },

  "an administrator ends a session, with a reason, and it shows where it ended": async (stage) => {
    await stage.caller("alice").call("orders", "list_orders", { status: "open" });
    const auditor = await stage.signedIn("carol", {}, "#/sessions?tool=list_orders");
    await (await found(auditor)).click();
    await auditor.locator("[data-play]").waitFor();
    assert.equal(await auditor.locator("[data-end]:visible").count(), 0, "an auditor ends nothing");
    const page = await stage.signedIn("dave", {}, new URL(auditor.url()).hash);
    await page.locator("[data-end]").click();
    await page.getByLabel("Why").fill("it reads what it should not");
    await stage.picture(page, "session-end-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.locator("[data-send]").click();
    await page.locator("[data-ended]").waitFor();
    await page.locator("[data-end]").waitFor({ state: "hidden" });
    await page.locator("td", { hasText: "by an administrator" }).waitFor();
    await auditor.reload();
    await auditor.locator("[data-ended]", { hasText: "it reads what it should not" }).waitFor();
    assert.deepEqual(await stage.serious(auditor), []);
    stage.check();
  },

  "who may not read contents sees that calls were made, not what was in them": async (stage) => {
    const page = await stage.signedIn("dave", {}, "#/sessions");
    await (await found(page)).click();
    await page.getByText("Contents are for auditors").waitFor();
    stage.check();
  },
};
