// The log, checked in the browser.
import assert from "node:assert/strict";

async function verified(page) {
  await page.locator("[data-verify]").click();
  const said = page.locator("[data-verified=sound], [data-verified=bad]");
  await said.waitFor();
  return said.innerText();
}

// A page on the log once a checkpoint covers leaves.
async function opened(stage, options) {
  const page = await stage.signedIn("carol", options, "#/log");
  await page.locator(".figure:nth-child(2) b", { hasText: /[1-9]/ }).waitFor();
  return page;
}

export default {
  "the whole log is verified in the browser, and again as a continuation": async (stage) => {
    const page = await opened(stage);
    assert.match(await verified(page), /Sound\. \d+ leaves in \d+ lane/);
    await stage.picture(page, "log-verified-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    assert.match(await verified(page), /It continues the \d+ leaves this browser saw before/);
    stage.check();
  },

  "a leaf that somebody changed on the way is named": async (stage) => {
    const page = await opened(stage, { scheme: "dark" });
    await page.route(/\/log\/tile\/entries\/000/, async (route) => {
      const answer = await route.fetch();
      const body = await answer.body();
      // The fourth leaf: over the first three, then into the text of it.
      let at = 0;
      for (let leaf = 0; leaf < 3; leaf += 1) at += 2 + body.readUInt16BE(at);
      body[at + 12] ^= 1;
      await route.fulfill({ response: answer, body });
    });
    assert.match(await verified(page), /First bad leaf: 3\./);
    await stage.picture(page, "log-bad-leaf-desktop-dark");
    stage.check();
  },

  "a signature of another key is refused": async (stage) => {
    const page = await opened(stage);
    await page.route("**/api/v1/log/checkpoint", async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace(
        /([A-Za-z0-9+/])(={0,2}\n)$/,
        (_, last, end) => (last === "A" ? "Q" : "A") + end,
      );
      await route.fulfill({
        response: answer,
        body: text.replace(/(— \S+ .{20})(.)/, (_, before, one) => before + (one === "A" ? "B" : "A")),
      });
    });
    assert.match(await verified(page), /Not sound\. the signature of the checkpoint does not hold/);
    stage.check();
  },

  "a leaf is proven to lie below the signed root": async (stage) => {
    const page = await opened(stage, { size: "tablet" });
    await page.goto(`${stage.base}/console/#/log/1`);
    await page.locator(".notice-good", { hasText: "Proven here" }).waitFor();
    await page.getByText("gateway.started").first().waitFor();
    await stage.picture(page, "leaf-tablet-light");
    assert.deepEqual(await stage.serious(page), []);
    stage.check();
  },
};
