//! What a sandbox says when it is ready: all that a newcomer needs for a first paid order, and for a first card payment.

use crate::announcement::{Announcement, SeededMerchant};
use crate::data_directory::{self, DataDirectory};

/// The greeting of the sandbox that `announcement` tells of.
pub fn text(announcement: &Announcement, directory: &DataDirectory) -> String {
    let Announcement { base_url, ca_cert, sellers, wpay, .. } = announcement;
    let Some(seller) = sellers.first() else { return format!("Florin's sandbox is ready at {base_url}") };
    let is_default = DataDirectory::at(data_directory::DEFAULT.as_ref()).is_ok_and(|default| default.path() == directory.path());
    let data_dir = if is_default { String::new() } else { format!(" --data-dir {}", quoted(&directory.path().display().to_string())) };
    let ca_cert = quoted(&ca_cert.display().to_string());
    let shoppers = wpay.first().map(|merchant| shoppers(merchant, &ca_cert)).unwrap_or_default();
    format!(
        r##"Florin's sandbox is ready at {base_url} (Ctrl-C stops it). No money is real here.

1. Create an order, as the server of {name} would:

curl --cacert {ca_cert} -X POST \
  -H 'Authorization: Bearer {token}' \
  -H 'Content-Type: application/json' \
  -d '{{"data":{{"amount":4200,"reference":"#order1","webhook_url":"{base_url}/sandbox/shop/webhook"}}}}' \
  {base_url}/api/lending/edge/ecommerce/seller/{seller}/order/

2. Open the order_url of the answer in a browser, and pay as a buyer would. The browser does not know this sandbox's
   authority: let it through, or import {ca_cert}.
   Pay Later: company 10000001, turnover 250000, card 4242 4242 4242 4242. Pay Now: any bank.
   You end in the shop, {base_url}/sandbox/shop/, which also shows the webhooks it was sent.

3. Mails, with their one-time codes: {base_url}/sandbox/mailbox
4. Let time pass, with all that falls due: {program} clock advance 35d{data_dir}

{shoppers}More companies, banks, cards and keys to try: {announced}"##,
        program = program(),
        name = seller.name,
        token = seller.access_token,
        seller = seller.seller_uuid,
        announced = directory.announcement().display(),
    )
}

/// The part about shoppers, their cards and payments.
fn shoppers(merchant: &SeededMerchant, ca_cert: &str) -> String {
    let SeededMerchant { merchant_id, api_key, base_url } = merchant;
    format!(
        r#"5. Cards: get a token for a shopper, as the server of merchant {merchant_id} would:

curl --cacert {ca_cert} -X POST \
  -H 'X-Api-Key: {api_key}' \
  -H 'Content-Type: application/json' \
  -d '{{"shopperId":"shopper-1"}}' \
  {base_url}/wow/v1/idm/servers/token

6. Keep a card for the shopper, and pay $45.50 with it:

wpay() {{ curl -s --cacert {ca_cert} -H 'X-Api-Key: {api_key}' -H "Authorization: Bearer $T" -H 'Content-Type: application/json' "$@"; }}
value() {{ sed -E "s/.*\"$1\":\"([^\"]+)\".*/\1/"; }}
W={base_url}/wow/v1
T=$(wpay -d '{{"shopperId":"shopper-1"}}' $W/idm/servers/token | value accessToken)
C=$(wpay -d '{{"clientReference":"card-1"}}' $W/pay/cards/initcapture | value cardCaptureURL)
curl -s --cacert {ca_cert} -o /dev/null -d card_number=4242424242424242 -d card_expiry=12/35 -d card_cvc=123 "$C"
I=$(wpay $W/pay/instruments | value paymentInstrumentId)
wpay -d '{{"transactionType":{{"creditCard":"PURCHASE"}},"clientReference":"pay-1","orderNumber":"1",
  "payments":[{{"paymentInstrumentId":"'$I'","amount":45.5}}]}}' $W/pay/payments

"#
    )
}

/// The command that this program was started by, so that the line can be pasted where it was started.
fn program() -> String {
    std::env::args_os().next().map_or_else(|| "florin".to_owned(), |program| quoted(&program.to_string_lossy()))
}

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_blanks_is_one_word() {
        assert_eq!(quoted("/tmp/florin-data"), "/tmp/florin-data");
        assert_eq!(quoted("/tmp/it's here"), r"'/tmp/it'\''s here'");
    }
}
