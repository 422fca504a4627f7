// Types a card into elements in Debian's Chromium: each in a frame of a merchant's page on another origin, which speaks with them by
// messages as the public client for frames does. The issuer asks who it is, once to keep the card and once to pay with it. First a
// shop's own page does all of that, then each word that is spoken is looked at by itself.
//
// Reads from the environment: FLORIN_SANDBOX (a running sandbox's sandbox.json), FLORIN_SCREENSHOTS. The browser must trust the
// sandbox's authority. Registers a shop of its own making with the first retail merchant; fails with the first thing that is not right.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";

import { DESK, PHONE, accessible, complaintsOf, noBarriers, wellMade, withBrowser } from "./chromium.mjs";
import { call, good, home, merchant, opensShop, registered, standing, token } from "./shop.mjs";

const pictures = process.env.FLORIN_SCREENSHOTS;

const CHALLENGED = "4000000000003105";
const UNSEEN = "4000000000003006";
const PLAIN = "4242424242424242";
const ELEMENTS = "/wow/v1/pay/instore/customer/elements";

/** A shopper at the merchant, with what the app of the shop does for them. */
async function shopper() {
  const key = { "X-Api-Key": merchant.api_key };
  const signed = {
    ...key,
    Authorization: `Bearer ${await token(`frames-${randomUUID()}`)}`,
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

async function strangersNeitherFrameNorSpeak(context, stranger) {
  const begun = await (await shopper()).begins("capture-card", {});
  const page = await context.newPage();
  const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
  await page.goto(stranger.showing(at(begun, "CardGroup")));
  await refused;
  assert.deepEqual(await page.evaluate(() => window.heard), []);
}

/** The field of an element in the shop's checkout. */
const typed = (page, type, name) => page.frameLocator(`#${type} iframe`).locator(`[name="${name}"]`);

async function typesCard(page, number) {
  await typed(page, "CardNo", "cardNo").pressSequentially(number);
  await typed(page, "CardExpiry", "cardExpiry").pressSequentially("0934");
  await typed(page, "CardCVV", "cardCVV").pressSequentially("123");
}

/** Answers the bank in the shop's dialog, once it says what it asks about. */
async function tellsTheBank(page, name, about, answers) {
  const bank = page.frameLocator("dialog iframe");
  await bank.getByText(about).waitFor();
  for (const answer of answers) {
    await bank.locator('[name="code"]').waitFor();
    await accessible(page, `the bank, ${name}`);
    if (answer === "cancel") return bank.getByRole("button", { name: "Cancel" }).click();
    await bank.locator('[name="code"]').fill(answer);
    await pictured(page, `${name}-${answer}`);
    await bank.locator('[name="code"]').press("Enter");
    if (answer !== "123456") await bank.locator(".wrong-text").waitFor();
  }
}

/** Buys in a shop whose page calls Florin itself, from its own origin. */
async function aShopperBuys(context, shop, name, threeDS) {
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  const { url, request } = await shop.sells(`${name}-${randomUUID()}`, threeDS);
  await page.goto(url);
  for (const type of ["CardNo", "CardExpiry", "CardCVV"]) await page.frameLocator(`#${type} iframe`).locator("input").waitFor();
  await wellMade(page, name);
  const presses = () => page.getByRole("button", { name: "Pay $45.50" }).click();
  const isNever = async (number) => assert(!(await page.content()).replace(/\s/g, "").includes(number), "the shop's page holds a number");
  return { page, request, presses, isNever, complaints };
}

async function theShopsOwnPageTakesTheCardMeetsTheBankAndPays(context, shop, screen) {
  const name = `shop-${screen}`;
  const { page, request, presses, isNever, complaints } = await aShopperBuys(context, shop, name, { requires3DS: true });
  await pictured(page, `${name}-begun`);
  await accessible(page, `the shop, ${screen}`);
  await presses();
  for (const error of ["Card No. Required", "Incomplete Expiry", "Invalid CVV"]) await page.getByText(error).waitFor();
  await typesCard(page, CHALLENGED);
  await typed(page, "CardCVV", "cardCVV").fill("12");
  await typed(page, "CardCVV", "cardCVV").blur();
  await page.getByText("Invalid CVV").waitFor();
  await pictured(page, `${name}-mistake`);
  await accessible(page, `the shop with a mistake, ${screen}`);
  await typed(page, "CardCVV", "cardCVV").fill("123");
  await presses();
  await tellsTheBank(page, `${name}-keeps`, "wants to take your card", ["000000", "123456"]);
  await tellsTheBank(page, `${name}-pays`, "asks for $45.50", ["123456"]);
  await page.getByRole("heading", { name: "Thank you" }).waitFor();
  await pictured(page, `${name}-paid`);
  await accessible(page, `the receipt, ${screen}`);
  await wellMade(page, `the receipt, ${screen}`);
  await isNever(CHALLENGED);
  const { usesRemaining, payments } = await standing(request);
  const told = payments.map(({ status, grossAmount }) => `${status} ${grossAmount}`);
  assert.deepEqual([usesRemaining, told], [0, ["APPROVED 45.5", "REJECTED 45.5"]], "paid once, after the bank had been asked");
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("422")), [], "the browser complains");
}

async function aCardThatNobodyAsksAboutPaysAtOnce(context, shop) {
  const { page, request, presses, complaints } = await aShopperBuys(context, shop, "shop-plain", undefined);
  await typesCard(page, PLAIN);
  await pictured(page, "shop-typed");
  await presses();
  await page.getByRole("heading", { name: "Thank you" }).waitFor();
  assert.deepEqual([(await standing(request)).usesRemaining, complaints], [0, []]);
}

async function whoIsNotKnownToTheBankPaysNothing(context, shop) {
  const { page, request, presses } = await aShopperBuys(context, shop, "shop-refused", { requires3DS: true });
  await typesCard(page, CHALLENGED);
  await presses();
  await tellsTheBank(page, "shop-refused", "wants to take your card", ["cancel"]);
  await page.getByText("Your bank did not confirm that it is you").waitFor();
  await pictured(page, "shop-refused");
  await accessible(page, "the shop after a no");
  assert.deepEqual(await standing(request), { usesRemaining: 1, payments: [] });
}

const [shop, stranger] = [await opensShop(), await opensShop()];
try {
  await registered([shop], () =>
    withBrowser(async (browser) => {
      const context = await browser.newContext(PHONE);
      await theShopsOwnPageTakesTheCardMeetsTheBankAndPays(context, shop, "phone");
      await theShopsOwnPageTakesTheCardMeetsTheBankAndPays(await browser.newContext(DESK), shop, "desk");
      await aCardThatNobodyAsksAboutPaysAtOnce(context, shop);
      await whoIsNotKnownToTheBankPaysNothing(context, shop);
      const kept = await aCardIsTypedAndItsHolderAsked(context, shop);
      await thePaymentAsksAgain(context, shop, kept);
      await aHolderIsKnownUnseen(context, shop);
      await strangersNeitherFrameNorSpeak(context, stranger);
      assert.deepEqual(await context.cookies(), [], "no cookies");
      noBarriers();
    }),
  );
} finally {
  shop.close();
  stranger.close();
}
console.log("frames: bought in a shop, typed, challenged, paid, known unseen, stepped up, kept from strangers");
