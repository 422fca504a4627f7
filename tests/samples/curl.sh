#!/usr/bin/env bash
# The published curl sample; only host, token and seller are not as printed, and the sandbox's own authority is trusted.
set -euo pipefail
curl --silent --show-error --cacert "$FLORIN_CA" -X POST -H "Authorization: Bearer $SUPPLIER_ACCESS_TOKEN" -H "Content-Type: application/json" -d '{"data": {"amount": 4200, "reference": "#order1"}}' "$FLORIN_BASE/api/lending/edge/ecommerce/seller/$SUPPLIER_UUID/order/"
