// Types a card into elements in Debian's Chromium: each in a frame of a merchant's page on another origin, which speaks with them by
// messages as the public client for frames does. The issuer asks who it is, once to keep the card and once to pay with it.
//
// Reads from the environment: FLORIN_SANDBOX (a running sandbox's sandbox.json), FLORIN_SCREENSHOTS. The browser must trust the
// sandbox's authority. Registers a shop of its own making with the first retail merchant; fails with the first thing that is not right.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";

import { accessible, complaintsOf, noBarriers, withBrowser } from "./chromium.mjs";

const sandbox = JSON.parse(readFileSync(process.env.FLORIN_SANDBOX, "utf8"));
const pictures = process.env.FLORIN_SCREENSHOTS;
const merchant = sandbox.wpay[0];
const ca = readFileSync(sandbox.ca_cert);
const home = new URL(sandbox.base_url).origin;

const SCREEN = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const CHALLENGED = "4000000000003105";
const UNSEEN = "4000000000003006";
const ELEMENTS = "/wow/v1/pay/instore/customer/elements";

/** Calls the sandbox as the shop's app does; the headers that it does not set go out as the client for frames sends them. */
function call(method, url, headers, body) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const sent = { ...headers, "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) };
    const request = https.request(new URL(url, sandbox.base_url), { method, ca, headers: sent }, (response) => {
      let answer = "";
      response.setEncoding("utf8").on("data", (part) => (answer += part));
      response.on("end", () => resolve({ status: response.statusCode, body: answer && JSON.parse(answer) }));
    });
    request.on("error", reject).end(text);
  });
}

async function good(...asked) {
  const { status, body } = await call(...asked);
  assert.equal(status, 200, `${asked[1]}: ${JSON.stringify(body)}`);
  return body;
}

/** A shopper at the merchant, with what the app of the shop does for them. */
async function shopper() {
  const key = { "X-Api-Key": merchant.api_key };
  const { accessToken } = await good("POST", "/wow/v1/idm/servers/token", key, { shopperId: `frames-${randomUUID()}` });
  const signed = {
    ...key,
    Authorization: `Bearer ${accessToken}`,
    "x-everyday-pay-wallet": "undefined",
    "x-wallet-id": "4fa9e893-2fb9-4516-bfc5-6fa8cd903528",
  };
  return {
    begins: async (kind, data) => (await good("POST", `${ELEMENTS}/${kind}/init`, signed, { data })).data,
    async completes(kind, { actionId, sessionId }, challengeResponses = []) {
      const headers = { ...signed, "x-session-id": sessionId };
      return (await good("POST", `${ELEMENTS}/${kind}/${actionId}/complete`, headers, { data: { save: true }, meta: { challengeResponses } })).data;
    },
    async enrols(sessionId) {
      const headers = { ...signed, "x-session-id": sessionId };
      return (await good("POST", "/wow/v1/pay/instore/customer/3ds/session/enrolment", headers, { data: { sessionId, options: {} } })).data;
    },
    pays: (paymentInstrumentId, more) =>
      call("POST", "/wow/v1/pay/payments", signed, {
        clientReference: randomUUID(),
        orderNumber: "frames",
        transactionType: { creditCard: "PURCHASE" },
        payments: [{ paymentInstrumentId, amount: 45.5 }],
        ...more,
      }),
    cards: async () => (await good("GET", "/wow/v1/pay/instruments", signed)).creditCards,
  };
}

/** A merchant's page on an origin of its own: holds what its query names in frames, and remembers what it hears. */
function opensShop() {
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://shop");
    if (pathname !== "/") return response.writeHead(204).end();
    const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    const frames = searchParams.getAll("frame").map((url, index) => `<iframe title="Part ${index + 1}" src="${escaped(url)}"></iframe>`);
    return response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(`<!doctype html>
      <html lang="en"><head><meta name="viewport" content="width=device-width"><title>A shop</title>
      <style>body { margin: 0 } iframe { display: block; border: 0; width: 100%; height: ${frames.length > 1 ? 96 : 640}px }</style>
      <script>
        window.heard = [];
        addEventListener("message", ({ origin, data }) => heard.push({ origin, data }));
        window.asks = (index, message) => new Promise((resolve) => {
          const id = crypto.randomUUID();
          addEventListener("message", ({ data }) => data.id === id && resolve(data));
          frames[index].postMessage({ id, ...message }, ${JSON.stringify(home)});
        });
      </script></head>
      <body><main><h1>Checkout</h1>${frames.join("")}</main></body></html>`);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const origin = `http://127.0.0.1:${server.address().port}`;
      const showing = (...urls) => `${origin}/?${new URLSearchParams(urls.map((url) => ["frame", url]))}`;
      resolve({ origin, showing, close: () => server.close() });
    });
  });
}

/** Where an element of an action is, as the client for frames writes it. */
const at = ({ URL: url, actionId }, type) => `${url}?actionId=${actionId}&type=${type}&options=${encodeURIComponent('{"logLevel":5}')}`;
const pictured = (page, name) => page.screenshot({ path: path.join(pictures, `frames-${name}.png`) });
const field = (page, index, name) => page.frames()[index + 1].locator(`[name="${name}"]`);

async function hears(page, wanted) {
  await page.waitForFunction((wanted) => window.heard.some(({ data }) => Object.entries(wanted).every(([key, value]) => data[key] === value)), wanted);
  for (const { origin, data } of await page.evaluate(() => window.heard)) {
    assert.equal(origin, home);
    for (const secret of [CHALLENGED, UNSEEN]) assert(!JSON.stringify(data).replace(/\s/g, "").includes(secret), "a number is told");
  }
}

/** The cardholder answers the issuer in a frame of the shop; the name of the challenge is what the shop's app shows afterwards. */
async function meetsTheIssuer(context, shop, buyer, token, [name, answers]) {
  const { enrollmentResponse } = await buyer.enrols(token);
  assert.equal(enrollmentResponse.status, "PENDING_AUTHENTICATION");
  const { acsUrl, authenticationTransactionId } = enrollmentResponse.consumerAuthenticationInformation;
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(shop.showing(acsUrl));
  await accessible(page, `the issuer, ${name}`);
  for (const answer of answers) {
    const frame = page.frames()[1];
    await frame.locator('[name="code"]').fill(answer);
    await pictured(page, `issuer-${name}-${answer}`);
    await frame.locator('[name="code"]').press("Enter");
    if (answer !== "123456") await frame.locator(".wrong-text").waitFor();
  }
  await hears(page, { source: "florin", type: "3ds", status: "authenticated" });
  await pictured(page, `issuer-${name}-done`);
  assert.deepEqual(complaints.filter((told) => !told.includes("422")), [], "the browser complains");
  return authenticationTransactionId;
}

async function aCardIsTypedAndItsHolderAsked(context, shop) {
  const buyer = await shopper();
  const begun = await buyer.begins("capture-card", { verify: true, save: true, useEverydayPay: false, threeDS: { requires3DS: true, env: "staging" } });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(shop.showing(at(begun, "CardNo"), at(begun, "CardExpiry"), at(begun, "CardCVV")));
  for (const control of ["cardNo", "cardExpiry", "cardCVV"]) await hears(page, { control, action: "onLoad" });
  await accessible(page, "the elements");

  const asks = (index, element, action, payload) => page.evaluate(([index, message]) => window.asks(index, message), [index, { element, action, payload }]);
  assert.equal((await asks(0, "CardNo", "validateElement")).error, "Card No. Required");
  await field(page, 0, "cardNo").pressSequentially("4000000000003104");
  await field(page, 0, "cardNo").blur();
  await hears(page, { control: "cardNo", action: "validateElementFailed", error: "Invalid Card No." });
  await pictured(page, "mistake");
  assert.equal((await asks(0, "CardNo", "clearElement")).action, "clearElementComplete");
  assert.equal((await asks(0, "CardNo", "injectData", { cardNo: CHALLENGED })).action, "injectDataComplete");
  assert.equal(await field(page, 0, "cardNo").inputValue(), "4000 0000 0000 3105");
  await field(page, 1, "cardExpiry").pressSequentially("10");
  assert.equal((await asks(1, "CardExpiry", "validateElement")).error, "Incomplete Expiry");
  await field(page, 1, "cardExpiry").fill("");
  await field(page, 1, "cardExpiry").pressSequentially("0934");
  await field(page, 2, "cardCVV").pressSequentially("12");
  assert.equal((await asks(2, "CardCVV", "submitElement")).error, "Invalid CVV");
  await field(page, 2, "cardCVV").pressSequentially("3");
  await pictured(page, "typed");
  for (const [index, element] of ["CardNo", "CardExpiry", "CardCVV"].entries()) {
    assert.equal((await asks(index, element, "submitElement")).action, "submitElementComplete", element);
  }
  assert.deepEqual(complaints, [], "the browser complains");

  const wanted = await buyer.completes("capture-card", begun);
  assert.deepEqual([wanted.errorCode, wanted.message], ["3DS_001", "3DS TOKEN REQUIRED"]);
  const token = await meetsTheIssuer(context, shop, buyer, wanted.token, ["capture", ["000000", "123456"]]);
  const { paymentInstrument, status } = await buyer.completes("capture-card", begun, [{ type: "3DS", token }]);
  assert.equal(status.responseText, "ACCEPTED");
  assert.deepEqual([paymentInstrument.scheme, paymentInstrument.suffix, paymentInstrument.expiryYear], ["VISA", "3105", "34"]);
  const [card] = await buyer.cards();
  assert.deepEqual([card.paymentInstrumentId, card.paymentToken], [paymentInstrument.itemId, paymentInstrument.paymentToken]);
  return { buyer, card: paymentInstrument.itemId };
}

async function thePaymentAsksAgain(context, shop, { buyer, card }) {
  const refused = await buyer.pays(card);
  assert.equal(refused.status, 400);
  const [item] = refused.body.creditCards;
  assert.deepEqual([item.errorCode, item.paymentInstrumentId], ["3DS_001", card]);
  const token = await meetsTheIssuer(context, shop, buyer, item.sessionId, ["payment", ["123456"]]);
  const challengeResponses = [{ instrumentId: card, type: "3DS", token }];
  const paid = await buyer.pays(card, { challengeResponses });
  assert.equal(paid.status, 200, JSON.stringify(paid.body));
  assert.equal((await buyer.pays(card, { challengeResponses })).body.creditCards[0].errorCode, "3DS_006", "a proof is good once");
}

async function aHolderIsKnownUnseen(context, shop) {
  const buyer = await shopper();
  const begun = await buyer.begins("capture-card", { threeDS: { requires3DS: true } });
  const page = await context.newPage();
  await page.goto(shop.showing(at(begun, "CardGroup")));
  await field(page, 0, "cardNo").fill(UNSEEN);
  await field(page, 0, "cardExpiry").fill("09/34");
  await field(page, 0, "cardCVV").fill("123");
  await pictured(page, "group");
  const told = await page.evaluate((message) => window.asks(0, message), { element: "CardGroup", action: "submitElement" });
  assert.equal(told.action, "submitElementComplete");
  const { token } = await buyer.completes("capture-card", begun);
  const { enrollmentResponse, challengeResponseToken } = await buyer.enrols(token);
  assert.equal(enrollmentResponse.status, "AUTHENTICATION_SUCCESSFUL");
  const response = { type: "3DS-frictionless", token: challengeResponseToken, reference: token };
  const { paymentInstrument } = await buyer.completes("capture-card", begun, [response]);
  assert.equal((await buyer.pays(paymentInstrument.itemId)).status, 200);

  const stepUp = await buyer.begins("step-up", { paymentInstrumentId: paymentInstrument.itemId, scheme: "VISA" });
  await page.goto(shop.showing(at(stepUp, "CardCVV")));
  await field(page, 0, "cardCVV").fill("123");
  const submitted = await page.evaluate((message) => window.asks(0, message), { element: "CardCVV", action: "submitElement" });
  assert.equal(submitted.action, "submitElementComplete");
  const { itemId, stepUpToken } = await buyer.completes("step-up", stepUp);
  assert.equal(itemId, paymentInstrument.itemId);
  const payments = [{ paymentInstrumentId: itemId, amount: 1, stepUpToken }];
  assert.equal((await buyer.pays(itemId, { payments })).status, 200);
}

async function strangersNeitherFrameNorSpeak(context, shop, stranger) {
  const begun = await (await shopper()).begins("capture-card", {});
  const page = await context.newPage();
  const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
  await page.goto(stranger.showing(at(begun, "CardGroup")));
  await refused;
  assert.deepEqual(await page.evaluate(() => window.heard), []);
}

const [shop, stranger] = [await opensShop(), await opensShop()];
const operator = { Authorization: `Bearer ${sandbox.admin_token}` };
const account = `/admin/retail/${merchant.merchant_id}`;
const { origins } = await good("GET", account, operator);
await good("PATCH", account, operator, { origins: [...origins, shop.origin] });
try {
  await withBrowser(async (browser) => {
    const context = await browser.newContext(SCREEN);
    const kept = await aCardIsTypedAndItsHolderAsked(context, shop);
    await thePaymentAsksAgain(context, shop, kept);
    await aHolderIsKnownUnseen(context, shop);
    await strangersNeitherFrameNorSpeak(context, shop, stranger);
    assert.deepEqual(await context.cookies(), [], "no cookies");
    noBarriers();
  });
} finally {
  await call("PATCH", account, operator, { origins });
  shop.close();
  stranger.close();
}
console.log("frames: typed, challenged, paid, known unseen, stepped up, kept from strangers");
