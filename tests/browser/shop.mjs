// A shop of the walks: a merchant's pages on an origin of their own, and what its server does beside them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

const sandbox = JSON.parse(readFileSync(process.env.FLORIN_SANDBOX, "utf8"));
const ca = readFileSync(sandbox.ca_cert);
const pages = (name) => readFileSync(new URL(`shop/${name}`, import.meta.url), "utf8");

/** Where Florin is. */
export const home = new URL(sandbox.base_url).origin;
/** The merchant whose shop it is. */
export const merchant = sandbox.wpay[0];

/** Calls the sandbox as a merchant's server does. */
export function call(method, url, headers, body) {
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

/** The same, which must succeed. */
export async function good(...asked) {
  const { status, body } = await call(...asked);
  assert.equal(status, 200, `${asked[1]}: ${JSON.stringify(body)}`);
  return body;
}

const key = { "X-Api-Key": merchant.api_key };

/** An access token for a shopper. */
export async function token(shopperId) {
  return (await good("POST", "/wow/v1/idm/servers/token", key, { shopperId })).accessToken;
}

/** What the shop's server knows of a payment request: whether it can still be paid, and the payments of it, newest first. */
export async function standing(request) {
  const at = "/wow/v1/pay/instore/merchant";
  const { usesRemaining } = (await good("GET", `${at}/payments/${request}`, key)).data;
  return { usesRemaining, payments: (await good("GET", `${at}/transactions?paymentRequestId=${request}`, key)).data.transactions };
}

/** A checkout for one shopper: its server gets them a token and asks for the money. */
async function begins(shopper, threeDS) {
  const asked = { data: { merchantReferenceId: shopper, grossAmount: 45.5 }, meta: {} };
  const { paymentRequestId } = (await good("POST", "/wow/v1/pay/instore/merchant/payments", key, asked)).data;
  return { home, key: merchant.api_key, token: await token(shopper), request: paymentRequestId, threeDS };
}

/** A page that holds what its query names in frames, and remembers what it hears. */
function holding(urls) {
  const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const frames = urls.map((url, index) => `<iframe title="Part ${index + 1}" src="${escaped(url)}"></iframe>`);
  // A whole page gets more room than it needs, because clicks go astray in a frame that scrolls on an emulated phone.
  const [height, margin] = frames.length > 1 ? ["104px", "1rem"] : ["960px", "0"];
  return `<!doctype html>
    <html lang="en"><head><meta name="viewport" content="width=device-width"><title>A shop</title>
    <style>
      body { margin: 0; background: #fbf5ee; color: #2b1d24; font-family: "Liberation Sans", system-ui, sans-serif }
      h1 { margin: 1rem; font-size: 1.5rem }
      iframe { display: block; box-sizing: border-box; border: 0; width: 100%; height: ${height}; padding: 0 ${margin} }
    </style>
    <script>
      window.heard = [];
      addEventListener("message", ({ origin, data }) => heard.push({ origin, data }));
      window.asks = (index, message) => new Promise((resolve) => {
        const id = crypto.randomUUID();
        addEventListener("message", ({ data }) => data.id === id && resolve(data));
        frames[index].postMessage({ id, ...message }, ${JSON.stringify(home)});
      });
    </script></head>
    <body><main><h1>Checkout</h1>${frames.join("")}</main></body></html>`;
}

/** Opens a shop; its origin is not registered with the merchant yet. */
export function opensShop() {
  const orders = new Map();
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://shop");
    const answer = (type, text) => response.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(text);
    if (pathname === "/") return answer("text/html", holding(searchParams.getAll("frame")));
    if (pathname === "/checkout.js") return answer("text/javascript", pages("checkout.js"));
    const order = orders.get(pathname);
    if (!order) return response.writeHead(204).end();
    return answer("text/html", pages("checkout.html").replace("<!-- order -->", JSON.stringify(order)));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const origin = `http://127.0.0.1:${server.address().port}`;
      resolve({
        origin,
        showing: (...urls) => `${origin}/?${new URLSearchParams(urls.map((url) => ["frame", url]))}`,
        async sells(shopper, threeDS) {
          const order = await begins(shopper, threeDS);
          orders.set(`/checkout/${shopper}`, order);
          return { url: `${origin}/checkout/${shopper}`, request: order.request };
        },
        close: () => server.close(),
      });
    });
  });
}

/** Registers shops with the merchant while `work` goes on. */
export async function registered(shops, work) {
  const operator = { Authorization: `Bearer ${sandbox.admin_token}` };
  const account = `/admin/retail/${merchant.merchant_id}`;
  const { origins } = await good("GET", account, operator);
  await good("PATCH", account, operator, { origins: [...origins, ...shops.map(({ origin }) => origin)] });
  try {
    await work();
  } finally {
    await call("PATCH", account, operator, { origins });
  }
}
