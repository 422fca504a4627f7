// The shop's own script: does with elements, challenges and payments what the public clients do. Knows nothing of any card.

const { home, key, token, request, threeDS } = JSON.parse(document.getElementById("order").textContent);

const CUSTOMER = `${home}/wow/v1/pay/instore/customer`;
const ELEMENTS = [["CardNo", "Card number"], ["CardExpiry", "Expiry"], ["CardCVV", "Security code"]];
const problem = document.getElementById("problem");
const button = document.querySelector("button");

/** Calls Florin; what the client for frames has not set goes out as it sends it. */
async function call(method, path, body, more = {}) {
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${token}`,
    "x-api-key": key,
    "x-everyday-pay-wallet": "undefined",
    "x-wallet-id": "4fa9e893-2fb9-4516-bfc5-6fa8cd903528",
    ...more,
  };
  const response = await fetch(`${CUSTOMER}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()).data;
}

const action = await call("POST", "/elements/capture-card/init", { data: { verify: true, save: true, useEverydayPay: false, threeDS } });
const session = { "x-session-id": action.sessionId };

/** Puts an element into its place, with room below it for what is wrong. */
const frames = ELEMENTS.map(([type, title]) => {
  const frame = Object.assign(document.createElement("iframe"), { title, className: "element" });
  const options = encodeURIComponent(JSON.stringify({ logLevel: 5 }));
  frame.src = `${action.URL}?actionId=${action.actionId}&type=${type}&options=${options}`;
  const wrong = Object.assign(document.createElement("p"), { className: "wrong", role: "alert" });
  document.getElementById(type).append(frame, wrong);
  return { type, frame, wrong };
});

addEventListener("message", ({ source, origin, data }) => {
  const one = frames.find(({ frame }) => frame.contentWindow === source);
  if (origin !== home || !one) return;
  if (data.action.endsWith("Failed")) one.wrong.textContent = data.error;
  if (data.action === "validateElementComplete") one.wrong.textContent = "";
});

/** Waits for a message of Florin's own that `wanted` takes. */
function heard(wanted) {
  return new Promise((resolve) => {
    addEventListener("message", function listens({ origin, data }) {
      if (origin !== home || !wanted(data)) return;
      removeEventListener("message", listens);
      resolve(data);
    });
  });
}

async function submits({ type, frame }) {
  const id = crypto.randomUUID();
  const answered = heard((data) => data.id === id);
  frame.contentWindow.postMessage({ id, element: type, action: "submitElement" }, home);
  return (await answered).action === "submitElementComplete";
}

/** Lets the bank ask who its customer is; gives the answer for whoever demanded it. */
async function answersTheBank(sessionId) {
  const enrolled = await call("POST", "/3ds/session/enrolment", { data: { sessionId, options: {} } }, { "x-session-id": sessionId });
  const { status, consumerAuthenticationInformation: asked } = enrolled.enrollmentResponse;
  if (status === "AUTHENTICATION_SUCCESSFUL") return { type: "3DS-frictionless", token: enrolled.challengeResponseToken, reference: sessionId };
  if (status !== "PENDING_AUTHENTICATION") throw new Error("Your bank cannot be asked about this card.");
  const dialog = document.querySelector("dialog");
  const bank = Object.assign(document.createElement("iframe"), { title: "Your bank", src: asked.acsUrl });
  dialog.replaceChildren(bank);
  dialog.showModal();
  const told = await heard((data) => data.source === "florin" && data.type === "3ds");
  dialog.close();
  dialog.replaceChildren();
  if (told.status !== "authenticated") throw new Error("Your bank did not confirm that it is you. Nothing was charged.");
  return { type: "3DS", token: asked.authenticationTransactionId };
}

async function keeps(challengeResponses = []) {
  const body = { data: { save: true }, meta: { challengeResponses } };
  const kept = await call("POST", `/elements/capture-card/${action.actionId}/complete`, body, session);
  if (kept.errorCode === "3DS_001") return keeps([await answersTheBank(kept.token)]);
  if (!kept.paymentInstrument) throw new Error("Your card was not accepted.");
  return kept.paymentInstrument;
}

async function pays(card, challengeResponses = []) {
  const paid = await call("PUT", `/payments/${request}`, { data: { primaryInstrumentId: card.itemId }, meta: { challengeResponses } });
  const demand = paid.subTransactions.find(({ threeDS }) => threeDS)?.threeDS;
  if (paid.status === "REJECTED" && demand) return pays(card, [{ instrumentId: card.itemId, ...(await answersTheBank(demand.sessionId)) }]);
  if (paid.status !== "APPROVED") throw new Error("Your card was declined. Nothing was charged.");
  return paid;
}

function thanks(card, paid) {
  const receipt = document.getElementById("bought").content.cloneNode(true);
  receipt.getElementById("amount").textContent = `$${paid.grossAmount.toFixed(2)}`;
  receipt.getElementById("card").textContent = `${card.scheme} ···· ${card.suffix}`;
  document.querySelector("main").replaceChildren(receipt);
  document.querySelector("h1").focus();
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  problem.textContent = "";
  try {
    const good = await Promise.all(frames.map(submits));
    if (!good.every(Boolean)) return;
    const card = await keeps();
    const paid = await pays(card);
    thanks(card, paid);
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});
