// Approvals that are signed with a passkey, by Chromium's own virtual authenticator.
import assert from "node:assert/strict";

// An authenticator inside the machine of whoever sits at `page`: CDP, domain WebAuthn.
async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", { options });
  return {
    verifies: (isUserVerified) =>
      session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    credentials: async () =>
      (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
  };
}

async function open(page) {
  await page.goto(`${page.url().split("#")[0]}#/approvals`);
  const row = page.locator(".inbox-row", { hasText: "query" }).first();
  await row.waitFor();
  await row.click();
  await page.locator(".held").waitFor();
}

const QUERY = { sql: "SELECT 1" };

export default {
  "an approval is signed with a passkey over exactly the call": async (stage) => {
    const page = await stage.signedIn("bob");
    const device = await authenticator(page);
    const held = stage.caller("alice").call("orders", "query", QUERY);
    await open(page);
    // Without a passkey there is a way to one, and no approval.
    await page.locator(".decide", { hasText: "wants your approval signed" }).waitFor();
    assert.ok(await page.locator("[data-approve]").isDisabled());
    await stage.picture(page, "passkey-wanted-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.getByRole("link", { name: "Register one" }).click();
    await page.getByText("You have none yet.").waitFor();
    await page.getByLabel("name of the passkey").fill("work laptop");
    await page.locator("[data-add-passkey]").click();
    await page.locator(".passkey-list li", { hasText: "work laptop" }).waitFor();
    assert.equal((await device.credentials()).length, 1);
    await stage.picture(page, "account-desktop-light");
    assert.deepEqual(await stage.serious(page), []);

    await open(page);
    const approve = page.locator("[data-approve]");
    assert.match(await approve.innerText(), /Approve with passkey/);
    await stage.picture(page, "passkey-approval-desktop-light");
    // A finger that is nobody's signs nothing.
    await device.verifies(false);
    await approve.click();
    await page.locator(".decide-problem", { hasText: "No passkey was used" }).waitFor();
    await device.verifies(true);
    await approve.click();
    const { result } = await held;
    assert.ok(result && !result.isError, JSON.stringify(result));
    await page.locator(".votes", { hasText: "signed with a passkey" }).waitFor();
    await page.goto(`${stage.base}/console/#/account`);
    await page.locator(".passkey-list time").nth(1).waitFor();
    stage.check();
  },

  "a passkey is removed by its person, and is of no use then": async (stage) => {
    const page = await stage.signedIn("bob", { scheme: "dark", size: "phone" }, "#/account");
    await authenticator(page);
    await page.getByLabel("name of the passkey").fill("<img src=x onerror=pwned()>");
    await page.locator("[data-add-passkey]").click();
    const row = page.locator(".passkey-list li", { hasText: "onerror" });
    await row.waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `the page is ${wide} wide`);
    // What fades has no contrast.
    await page.locator(".toast").waitFor({ state: "detached" });
    await stage.picture(page, "account-phone-dark");
    assert.deepEqual(await stage.serious(page), []);
    await row.getByRole("button", { name: /remove/ }).click();
    await row.waitFor({ state: "detached" });
    stage.check();
  },
};
