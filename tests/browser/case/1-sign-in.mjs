// Signing in and out.
import assert from "node:assert/strict";

export default {
  "a person signs in with one click, sees who they are, and signs out": async (stage) => {
    const page = await stage.page();
    await page.goto(`${stage.base}/console/`);
    await page.getByRole("link", { name: /bob/ }).waitFor();
    await stage.picture(page, "sign-in-desktop-light");
    assert.deepEqual(await stage.serious(page), []);
    await page.getByRole("link", { name: /bob/ }).click();
    await page.getByRole("heading", { name: "Approvals" }).waitFor();
    await page.goto(`${stage.base}/console/#/account`);
    await page.getByText("demo/bob", { exact: true }).waitFor();
    const [cookie] = await page.context().cookies();
    assert.equal(cookie.name, "__Host-countersign");
    assert.ok(cookie.httpOnly && cookie.secure);
    await page.locator("[data-sign-out]").click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    stage.check();
  },

  "a link survives signing in": async (stage) => {
    const page = await stage.signedIn("carol", {}, "#/log");
    await page.getByRole("heading", { name: "Log", exact: true }).waitFor();
    assert.match(page.url(), /#\/log$/);
    stage.check();
  },

  "a page without a session shows nothing of anybody": async (stage) => {
    const page = await stage.page();
    const answers = [];
    page.on("response", (response) => answers.push([response.status(), new URL(response.url()).pathname]));
    await page.goto(`${stage.base}/console/#/sessions`);
    await page.getByRole("link", { name: /bob/ }).waitFor();
    const given = answers.filter(([status, path]) => status === 200 && path.startsWith("/api/"));
    assert.deepEqual(
      given.map(([, path]) => path),
      ["/api/v1/sign-in"],
    );
    stage.check();
  },
};
