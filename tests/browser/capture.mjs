// Gives cards on the capture page in Debian's Chromium: in a frame of a merchant's page on another origin, and by itself on a phone.
//
// Reads from the environment: FLORIN_SANDBOX (a running sandbox's sandbox.json), FLORIN_SCREENSHOTS. The browser must trust the
// sandbox's authority. Registers a shop of its own making with the first retail merchant; fails with the first thing that is not right.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";

import { accessible, complaintsOf, noBarriers, wellMade, withBrowser } from "./chromium.mjs";
import { good, home, merchant, opensShop, registered, token } from "./shop.mjs";

const pictures = process.env.FLORIN_SCREENSHOTS;

/** As narrow as the narrowest phone that people still have; tall, so that a picture shows a frame as it was painted. */
const NARROW = { viewport: { width: 320, height: 960 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const GOOD = "4242424242424242";
const REFUSED = "4000000000000002";

/** A shopper at the merchant, as the merchant's server knows one. */
async function shopper() {
  const signed = { "X-Api-Key": merchant.api_key, Authorization: `Bearer ${await token(`capture-${randomUUID()}`)}` };
  return {
    async opens() {
      const begun = await good("POST", "/wow/v1/pay/cards/initcapture", signed, { clientReference: randomUUID() });
      return begun.cardCaptureURL;
    },
    cards: async () => (await good("GET", "/wow/v1/pay/instruments", signed)).creditCards,
  };
}

const number = (page) => page.locator('[name="card_number"]');
const expiry = (page) => page.locator('[name="card_expiry"]');
const code = (page) => page.locator('[name="card_cvc"]');
const sends = (page) => page.locator("form button");
const said = (page, field) => page.locator(`#${field}-error`);
const result = async (page) => JSON.parse(await page.locator("[data-result]").getAttribute("data-result"));

async function types(page, card) {
  await number(page).pressSequentially(card);
  await expiry(page).pressSequentially("0934");
  await code(page).pressSequentially("123");
}

/** Opens `url` in a frame of the shop; the frame is there and the browser has not complained when this returns. */
async function visits(context, shop, url) {
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(shop.showing(url));
  const frame = page.frames()[1];
  assert.equal(new URL(frame.url()).origin, home, "the page is in the frame");
  const hears = async (count) => {
    await page.waitForFunction((wanted) => window.heard.length >= wanted, count);
    const heard = await page.evaluate(() => window.heard);
    assert.equal(heard.length, count, JSON.stringify(heard));
    for (const one of heard) {
      assert.equal(one.origin, home);
      assert.equal(one.data.source, "florin");
      for (const secret of [GOOD, REFUSED]) assert(!JSON.stringify(one.data).includes(secret), "a number is told");
    }
    return heard.at(-1).data;
  };
  return { page, frame, hears, complaints };
}

const pictured = (page, name) => page.screenshot({ path: path.join(pictures, `capture-${name}.png`) });

async function aPersonGivesACardInTheShop(context, shop) {
  const buyer = await shopper();
  const url = await buyer.opens();
  const { page, frame, hears, complaints } = await visits(context, shop, url);
  await wellMade(frame, "the form");
  await accessible(page, "the form in a frame");

  await sends(frame).click();
  assert(await number(frame).evaluate((element) => document.activeElement === element), "the first wrong field has the focus");
  assert.match(await said(frame, "card_number").innerText(), /Enter the card number/);

  await number(frame).pressSequentially("4242424242424241");
  assert.equal(await number(frame).inputValue(), "4242 4242 4242 4241");
  assert.match(await said(frame, "card_number").innerText(), /mistyped/);
  assert.match(await frame.locator("[role=status]").innerText(), /mistyped/, "a screen reader is told");
  assert.equal(await number(frame).getAttribute("aria-invalid"), "true");
  await accessible(page, "a mistake in a frame");
  await pictured(page, "mistake");
  await number(frame).press("Backspace");
  await number(frame).press("2");
  assert.equal(await said(frame, "card_number").count(), 0, "what is right is no longer called wrong");
  // A digit in the middle: the cursor stays where it was typed.
  await number(frame).evaluate((element) => element.setSelectionRange(6, 6));
  await number(frame).press("Backspace");
  await number(frame).press("4");
  assert.deepEqual(await number(frame).evaluate((element) => [element.value, element.selectionStart]), ["4242 4242 4242 4242", 6]);

  await expiry(frame).pressSequentially("921");
  assert.match(await said(frame, "card_expiry").innerText(), /expired/);
  await expiry(frame).fill("");
  await expiry(frame).pressSequentially("9/34");
  assert.equal(await expiry(frame).inputValue(), "09 / 34");
  await code(frame).pressSequentially("123x4");
  assert.equal(await code(frame).inputValue(), "1234");
  await pictured(page, "typed");
  await sends(frame).click();

  const told = await hears(1);
  assert.deepEqual([told.type, told.status, told.instrument.scheme, told.instrument.suffix], ["card-capture", "captured", "VISA", "4242"]);
  assert.deepEqual([told.instrument.expiryMonth, told.instrument.expiryYear], ["09", "34"]);
  assert(!(await frame.content()).replace(/\s/g, "").includes(GOOD), "the number is not shown again");
  const [card] = await buyer.cards();
  assert.deepEqual([card.paymentInstrumentId, card.paymentToken], [told.instrument.id, told.instrument.token]);
  await wellMade(frame, "the result");
  await accessible(page, "the result in a frame");
  await pictured(page, "captured");
  assert.deepEqual(complaints, [], "the browser complains");

  // The address is spent: the shop hears that too.
  const again = await visits(context, shop, url);
  assert.equal((await again.hears(1)).status, "expired");
  await pictured(again.page, "expired");
  return card;
}

async function aDeclinedCardIsFollowedByAnother(context, shop) {
  const buyer = await shopper();
  const { page, frame, hears } = await visits(context, shop, await buyer.opens());
  await types(frame, REFUSED);
  await sends(frame).click();
  assert.equal((await hears(1)).status, "declined");
  assert.match(await said(frame, "card_number").innerText(), /declined/);
  assert.equal(await number(frame).inputValue(), "", "the number is not shown again");
  await accessible(page, "a declined card in a frame");
  await pictured(page, "declined");
  await types(frame, GOOD);
  await sends(frame).press("Enter");
  assert.equal((await hears(2)).status, "captured");
}

async function aKeptCardIsConfirmed(context, shop, card) {
  for (const [name, url, hasExpiry] of [["code", card.stepUp.url, false], ["code-and-expiry", card.updateURL, true]]) {
    const { page, frame, hears, complaints } = await visits(context, shop, url);
    await wellMade(frame, name);
    await accessible(page, `${name} in a frame`);
    if (hasExpiry) await expiry(frame).pressSequentially("1035");
    await code(frame).pressSequentially("123");
    await pictured(page, name);
    await sends(frame).click();
    const told = await hears(1);
    assert.deepEqual([told.type, told.status, told.paymentInstrumentId], ["step-up", "confirmed", card.paymentInstrumentId]);
    assert(told.stepUpToken.length >= 16, "a token for the payment");
    assert.deepEqual(complaints, [], "the browser complains");
  }
}

async function strangersNeitherFrameNorHear(context, shop, stranger) {
  const url = await (await shopper()).opens();
  // A stranger's page, and a stranger's page around the shop's own.
  for (const address of [stranger.showing(url), stranger.showing(shop.showing(url))]) {
    const page = await context.newPage();
    const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
    await page.goto(address);
    await refused;
    for (const frame of page.frames()) assert.equal(await number(frame).count(), 0, `${frame.url()} shows the form`);
    assert.deepEqual(await page.evaluate(() => window.heard), []);
  }
}

async function aPhoneShowsThePageByItself(context, name) {
  const page = await context.newPage();
  await page.goto(await (await shopper()).opens());
  await wellMade(page, name);
  await number(page).fill("4242 4242 4242 4242");
  await expiry(page).fill("09/34");
  await code(page).fill("123");
  await sends(page).click();
  assert.equal((await result(page)).status, "captured");
  await pictured(page, name);
  const unknown = await page.goto(new URL(`/container-ws/getCaptureFrame/${randomUUID()}`, home).href);
  assert.deepEqual([unknown.status(), (await result(page)).status], [404, "unknown"]);
}

const [shop, stranger] = [await opensShop(), await opensShop()];
try {
  await registered([{ origin: "https://pay.shop.example" }, shop], () =>
    withBrowser(async (browser) => {
      const narrow = await browser.newContext(NARROW);
      const card = await aPersonGivesACardInTheShop(narrow, shop);
      await aDeclinedCardIsFollowedByAnother(narrow, shop);
      await aKeptCardIsConfirmed(narrow, shop, card);
      await strangersNeitherFrameNorHear(narrow, shop, stranger);
      await aPhoneShowsThePageByItself(narrow, "alone");
      assert.deepEqual(await narrow.cookies(), [], "no cookies");
      await aPhoneShowsThePageByItself(await browser.newContext({ ...NARROW, javaScriptEnabled: false }), "without-scripts");
      noBarriers();
    }),
  );
} finally {
  shop.close();
  stranger.close();
}
console.log("capture: framed, declined, confirmed, kept from strangers, alone, and without scripts");
