// The published fetch sample; only host, token and seller are not as printed. NODE_EXTRA_CA_CERTS names the sandbox's authority.
const { FLORIN_BASE, SUPPLIER_ACCESS_TOKEN, SUPPLIER_UUID } = process.env;

fetch(
  `${FLORIN_BASE}/api/lending/edge/ecommerce/seller/${SUPPLIER_UUID}/order`,
  {
    method: "POST",
    headers: {
      Authorization: `Bearer ${SUPPLIER_ACCESS_TOKEN}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      data: {
        amount: 4200,
        reference: "#order1",
      },
    }),
  },
)
  .then((response) => response.json())
  .then((data) => console.log("Order created:", data))
  .catch((error) => console.error("Error creating create-order:", error));
