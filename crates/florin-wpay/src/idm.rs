//! Shoppers' tokens: issued to a merchant's server and renewed by it.
//!
//! Only servers may ask, because a shopper's browser knows the API key too and could otherwise be anybody. Source:
//! `docs/wire/wpay.md`, "Tokens".

use florin_service::shoppers::{self, SignIn, Tokens};
use florin_web::Surface;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Refusal;
use crate::fields::{Hidden, Text};
use crate::particulars::Line;
use crate::reply::Reply;

/// Whom the token is for, or the refresh token that brings the next.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "held to its shape by being read")]
struct Ask {
    shopper_id: Option<Text>,
    is_guest: Option<bool>,
    refresh_token: Option<Hidden>,
    username: Option<Line>,
    uid: Option<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Renewal {
    refresh_token: Hidden,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokensBody<'t> {
    access_token: &'t str,
    access_token_expires_in: i64,
    refresh_token: &'t str,
    refresh_token_expires_in: i64,
    tokens_issued_at: i64,
    is_guest_token: bool,
    #[serde(rename = "idmStatusOK")]
    idm_status_ok: bool,
}

/// `POST /wow/v1/idm/servers/token`
pub async fn issue(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let ask: Ask = call.json()?;
    let tokens = match (ask.shopper_id, ask.refresh_token) {
        (Some(shopper), None) => {
            let (access_s, refresh_s) = lives(call.query())?;
            let guest = ask.is_guest.unwrap_or(false);
            let sign_in = SignIn { shopper: shopper.into_string(), guest, access_s, refresh_s };
            shoppers::sign_in(&surface.cx, &call.merchant, sign_in).await?
        }
        (None, Some(token)) => shoppers::refresh(&surface.cx, &call.merchant, token.expose()).await?,
        (None, None) => return Err(Refusal::invalid("shopperId is required.")),
        (Some(_), Some(_)) => return Err(Refusal::invalid("shopperId and refreshToken cannot both be given.")),
    };
    Ok(reply(&tokens))
}

/// `POST /wow/v1/idm/servers/token/refresh`
pub async fn refresh(surface: Surface, call: Call) -> Result<Reply, Refusal> {
    let renewal: Renewal = call.json()?;
    let tokens = shoppers::refresh(&surface.cx, &call.merchant, renewal.refresh_token.expose()).await?;
    Ok(reply(&tokens))
}

fn reply(tokens: &Tokens) -> Reply {
    Reply::ok(&TokensBody {
        access_token: &tokens.access,
        access_token_expires_in: tokens.access_expires_in_s,
        refresh_token: tokens.refresh.expose(),
        refresh_token_expires_in: tokens.refresh_expires_in_s,
        tokens_issued_at: tokens.issued_at.micros() / 1_000,
        is_guest_token: tokens.guest,
        // The published samples of successful calls have false here: it speaks of a service that does not exist here either.
        idm_status_ok: false,
    })
}

/// How long the tokens are to live, in seconds, as far as the query says.
fn lives(query: &str) -> Result<(Option<i64>, Option<i64>), Refusal> {
    Ok((seconds(query, "access_token_exp")?, seconds(query, "refresh_token_exp")?))
}

fn seconds(query: &str, name: &str) -> Result<Option<i64>, Refusal> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).map(|(_, value)| value);
    let (value, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Refusal::invalid(format!("{name} is given more than once.")));
    }
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let digits = value.len() <= 18 && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| digits);
    number.map(Some).ok_or_else(|| Refusal::invalid(format!("{name} must be a whole number of seconds.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_read_from_the_query() {
        assert_eq!(lives("access_token_exp=3600&refresh_token_exp=2592000").unwrap(), (Some(3_600), Some(2_592_000)));
        assert_eq!(lives("").unwrap(), (None, None));
        assert_eq!(lives("access_token_exp=").unwrap(), (None, None));
        for bad in ["access_token_exp=1h", "access_token_exp=-1", "access_token_exp=1&access_token_exp=2", "refresh_token_exp=1.5"] {
            assert!(lives(bad).is_err(), "{bad}");
        }
    }
}
