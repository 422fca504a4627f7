// Walks the checkout in Debian's Chromium as a buyer would, takes a picture of every page, and has axe look at each.
//
// Reads its plan from the environment: FLORIN_PLAN (walks as JSON), FLORIN_PAGES (other pages by name), FLORIN_SCREENSHOTS.
// Fails with the first thing that a buyer would stumble over, and with all that axe finds at the end.

import assert from "node:assert/strict";
import path from "node:path";

import { DESK, PHONE, accessible as looksAccessible, complaintsOf, noBarriers, wellMade, withBrowser } from "./chromium.mjs";

const plan = JSON.parse(process.env.FLORIN_PLAN);
const pictures = process.env.FLORIN_SCREENSHOTS;
const STEPS_MAX = 30;

async function accessible(page, where) {
  // Buyers must be taken back to the shop by themselves after a moment, and without scripts nothing else can: the one page
  // that does it says so and has a link to go at once.
  const goesBack = await visible(page.locator('main a[href*="orderId="]'));
  await looksAccessible(page, where, goesBack ? ["meta-refresh"] : []);
}

const visible = async (locator) => (await locator.count()) > 0 && (await locator.first().isVisible());
const field = (page, name) => page.locator(`[name="${name}"]:not([type=hidden])`);

/** The one button that sends the form with this field. */
const sender = (page, name) => page.locator(`form:has([name="${name}"])`).first().locator("button:not([type=button]), input[type=submit]").first();

/** What the buyer does on this page, as steps: [kind, locator, text]. Nothing when there is nothing left to do. */
async function nextSteps(page, walk) {
  const later = !walk.walk.startsWith("now") && !walk.walk.startsWith("refused");
  if (await visible(page.locator('[name="authorise"][value="yes"]'))) {
    const choice = page.locator('[name="authorise"][value="yes"]').first();
    return (await choice.getAttribute("type")) === "radio"
      ? [["choose", choice], ["press", sender(page, "authorise")]]
      : [["press", choice]];
  }
  if (!later) {
    const bank = page.locator(`[name="bank"][value="${walk.bank}"]`);
    if ((await bank.count()) > 0) {
      return (await bank.first().getAttribute("type")) === "radio"
        ? [["choose", bank.first()], ["press", sender(page, "bank")]]
        : [["press", bank.first()]];
    }
    return offered(page, "PAY_NOW");
  }
  if (await visible(field(page, "agree"))) return [["choose", field(page, "agree").first()], ["press", sender(page, "agree")]];
  if (await visible(field(page, "card_number")))
    return [
      ["type", field(page, "card_number"), "4242 4242 4242 4242"],
      ["type", field(page, "card_expiry"), "09/34"],
      ["type", field(page, "card_cvc"), "123"],
      ["press", sender(page, "card_number")],
    ];
  const term = page.locator('[name="term"][value="3_months"]');
  if ((await term.count()) > 0)
    return (await term.first().getAttribute("type")) === "radio"
      ? [["choose", term.first()], ["press", sender(page, "term")]]
      : [["press", term.first()]];
  const company = page.locator(`[name="company_number"][value="${walk.company}"]`);
  if ((await company.count()) > 0 || (await visible(field(page, "turnover")))) {
    const steps = [];
    const kind = (await company.count()) > 0 ? await company.first().getAttribute("type") : "hidden";
    if (kind === "radio") steps.push(["choose", company.first()]);
    const directors = field(page, "director_name");
    if (await visible(directors)) {
      const tag = await directors.first().evaluate((element) => `${element.localName}:${element.type}`);
      if (tag === "input:radio") steps.push(["choose", directors.first()]);
      else if (tag.startsWith("select")) steps.push(["pick", directors.first()]);
      else steps.push(["type", directors.first(), "Ada Marsh"]);
    }
    if (await visible(field(page, "turnover"))) steps.push(["type", field(page, "turnover").first(), "250000"]);
    steps.push(kind === "radio" || kind === "hidden" ? ["press", sender(page, "company_number")] : ["press", company.first()]);
    return steps;
  }
  if (await visible(field(page, "company"))) return [["type", field(page, "company").first(), walk.company], ["press", sender(page, "company")]];
  if (await visible(field(page, "code"))) {
    const code = await page.locator("[data-sandbox-code]").first().getAttribute("data-sandbox-code");
    return [["type", field(page, "code").first(), code], ["press", sender(page, "code")]];
  }
  if (await visible(field(page, "email"))) return [["type", field(page, "email").first(), walk.email], ["press", sender(page, "email")]];
  return offered(page, "PAY_LATER");
}

async function offered(page, way) {
  const choice = page.locator(`[name="pay"][value="${way}"]`);
  if ((await choice.count()) === 0) return [];
  const kind = await choice.first().getAttribute("type");
  if (kind === "radio") return [["choose", choice.first()], ["press", sender(page, "pay")]];
  if (kind === "hidden") return [["press", page.locator(`form:has([name="pay"][value="${way}"])`).first().locator("button").first()]];
  return [["press", choice.first()]];
}

/** With a hand on the mouse, or a finger on the glass. */
const byHand = {
  type: (_page, target, text) => target.first().fill(text),
  choose: (_page, target) => target.check(),
  pick: (_page, target) => target.selectOption({ index: 1 }).catch(() => target.selectOption({ index: 0 })),
  press: (_page, target) => target.click(),
};

/** With nothing but Tab, arrows, Space and Enter; what has the focus must be seen to have it. */
const byKeyboard = {
  async reach(page, target, isGroup = false) {
    const handle = await target.first().elementHandle();
    for (let presses = 0; presses < 80; presses += 1) {
      const there = await page.evaluate(
        ([element, group]) => document.activeElement === element || (group && document.activeElement?.name === element.name),
        [handle, isGroup],
      );
      if (there) {
        const shown = await page.evaluate(() => {
          // A choice may show it on the whole of its label.
          for (let bearer = document.activeElement; bearer && bearer.localName !== "form" && bearer.localName !== "body"; bearer = bearer.parentElement) {
            if (getComputedStyle(bearer).outlineStyle !== "none") return true;
          }
          return false;
        });
        assert(shown, `the focus on ${await target.first().evaluate((element) => element.outerHTML.slice(0, 120))} cannot be seen`);
        return;
      }
      await page.keyboard.press("Tab");
    }
    assert.fail(`the keyboard does not reach ${await target.first().evaluate((element) => element.outerHTML.slice(0, 160))}`);
  },
  async type(page, target, text) {
    await this.reach(page, target);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  },
  async choose(page, target) {
    const kind = await target.first().getAttribute("type");
    await this.reach(page, target, kind === "radio");
    for (let presses = 0; kind === "radio" && presses < 20; presses += 1) {
      if (await target.first().evaluate((element) => document.activeElement === element)) break;
      await page.keyboard.press("ArrowDown");
    }
    if (!(await target.first().isChecked())) await page.keyboard.press("Space");
    assert(await target.first().isChecked(), "the keyboard cannot choose this");
  },
  async pick(page, target) {
    await this.reach(page, target);
    await page.keyboard.press("ArrowDown");
  },
  async press(page, target) {
    await this.reach(page, target);
    await page.keyboard.press("Enter");
  },
};

async function walks(browser, walk) {
  const context = await browser.newContext({ ...(walk.walk.endsWith("phone") ? PHONE : DESK), javaScriptEnabled: true });
  const page = await context.newPage();
  const hand = walk.walk.endsWith("keyboard") ? byKeyboard : byHand;
  const complaints = complaintsOf(page);

  // The shop itself is another house, and not there: what matters is that the buyer is sent to it.
  const home = new URL(walk.way_back);
  let arrived = null;
  await context.route((url) => url.origin === home.origin && url.pathname === home.pathname, (route) => {
    arrived = route.request().url();
    return route.fulfill({ contentType: "text/html", body: "<!doctype html><html lang=en><title>The shop</title><h1>Thank you</h1></html>" });
  });

  const answer = await page.goto(walk.order_url);
  assert.equal(answer.status(), 200);
  let pictured = 0;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    if (arrived) break;
    const where = `${walk.walk}, page ${step + 1} (${await page.title()})`;
    await wellMade(page, where);
    pictured += 1;
    await page.screenshot({ path: path.join(pictures, `${walk.walk}-${pictured}.png`), fullPage: true });
    await accessible(page, where);
    const steps = await nextSteps(page, walk);
    if (steps.length === 0) break;
    for (const [kind, target, text] of steps) {
      if (kind === "press") {
        await Promise.all([page.waitForEvent("framenavigated"), hand.press(page, target)]);
        await page.waitForLoadState("load");
      } else {
        await hand[kind](page, target, text);
      }
    }
  }
  if (!arrived) {
    const back = page.locator(`a[href*="orderId="]`).first();
    assert(await visible(back), `${walk.walk}: no way back to ${walk.seller} on "${await page.title()}"`);
    await Promise.all([page.waitForURL((url) => url.origin === home.origin && url.pathname === home.pathname), hand.press(page, back)]);
  }
  assert.equal(arrived ?? page.url(), walk.way_back, `${walk.walk}: the way back`);
  assert.deepEqual(complaints, [], `${walk.walk}: the browser complains`);
  assert.deepEqual(await context.cookies(), [], `${walk.walk}: no cookies`);
  await context.close();
  console.log(`${walk.walk}: ${pictured} pages`);
}

await withBrowser(async (browser) => {
  for (const walk of plan) await walks(browser, walk);
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  for (const [name, url] of Object.entries(JSON.parse(process.env.FLORIN_PAGES))) {
    await page.goto(url);
    await wellMade(page, name);
    await accessible(page, name);
    await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
  }
  noBarriers();
});
