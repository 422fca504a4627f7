"""The published requests sample; only host, token and seller are not as printed. REQUESTS_CA_BUNDLE names the sandbox's authority."""

import os
import sys

# The file has the library's name: without this the import would find the sample itself.
sys.path = [entry for entry in sys.path if os.path.abspath(entry or ".") != os.path.dirname(os.path.abspath(__file__))]

import requests

url = f"{os.environ['FLORIN_BASE']}/api/lending/edge/ecommerce/seller/{os.environ['SUPPLIER_UUID']}/order"
headers = {
    "Authorization": f"Bearer {os.environ['SUPPLIER_ACCESS_TOKEN']}",
    "Content-Type": "application/json",
}
data = {"data": {"amount": 4200, "reference": "#order1"}}

response = requests.post(url, headers=headers, json=data)
print(response.text)
