//! Forged access tokens against the real server: whatever can be made of its tokens and its published keys, none gets in.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::cast::{Engine, Florin, Shopper, Smith, decoded, encoded, hex, opened, pem, sends};

/// What a forgery is, and the token.
type Row = (String, String);

/// What an attacker has: a token of their own, the published keys, a key of their own.
struct Forger {
    token: String,
    header: Value,
    claims: Value,
    public: Value,
    jwks: Value,
    smith: Smith,
}

impl Forger {
    fn new(florin: &Florin, shopper: &Shopper) -> Self {
        let jwks = florin.http.get("/.well-known/jwks.json").is(200).json();
        let (header, claims) = opened(&shopper.token);
        let public = jwks["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == header["kid"]).expect("the key").clone();
        Self { token: shopper.token.clone(), header, claims, public, jwks, smith: Smith::edwards(66) }
    }

    fn kid(&self) -> &str {
        self.header["kid"].as_str().expect("a kid")
    }

    fn signature(&self) -> &str {
        self.token.rsplit('.').next().expect("parts")
    }

    fn with_header(&self, field: &str, value: &Value) -> Value {
        let mut header = self.header.clone();
        header[field] = value.clone();
        header
    }

    fn with_claim(&self, field: &str, value: &Value) -> Value {
        let mut claims = self.claims.clone();
        claims[field] = value.clone();
        claims
    }

    /// Parts with the true signature, which is over other parts.
    fn patched(&self, header: &Value, claims: &Value) -> String {
        format!("{}.{}.{}", encoded(header.to_string()), encoded(claims.to_string()), self.signature())
    }

    fn algorithms(&self) -> Vec<Row> {
        const NAMES: &str =
            "none None NONE nOnE HS256 HS384 HS512 RS256 RS384 RS512 PS256 ES256 ES384 ES512 ES256K EdDSA eddsa Ed25519 Ed448";
        let mut rows = Vec::new();
        for name in NAMES.split(' ').map(|name| json!(name)).chain([json!(""), json!(null), json!(0), json!(["EdDSA"])]) {
            let header = self.with_header("alg", &name);
            let message = format!("{}.{}", encoded(header.to_string()), encoded(self.claims.to_string()));
            rows.push((format!("alg {name}, no signature"), format!("{message}.")));
            rows.push((format!("alg {name}, two parts"), message));
            rows.push((format!("alg {name}, a stranger's signature"), self.smith.token(&header, &self.claims)));
            if name != "EdDSA" {
                rows.push((format!("alg {name}, the true signature"), self.patched(&header, &self.claims)));
            }
        }
        rows
    }

    /// The public key taken for a shared secret, in whatever form a careless server may hold it.
    fn public_key_as_secret(&self) -> Vec<Row> {
        let raw = decoded(self.public["x"].as_str().expect("a coordinate"));
        let der = [decoded("MCowBQYDK2VwAyEA"), raw.clone()].concat();
        let text = pem(&der);
        let secrets: [(&str, Vec<u8>); 12] = [
            ("the point", raw.clone()),
            ("the point in hex", hex(&raw).into_bytes()),
            ("the point in base64url", encoded(&raw).into_bytes()),
            ("the point in base64", BASE64_STANDARD.encode(&raw).into_bytes()),
            ("DER", der.clone()),
            ("DER in base64", BASE64_STANDARD.encode(&der).into_bytes()),
            ("PEM", text.clone().into_bytes()),
            ("PEM without its last line end", text.trim_end().as_bytes().to_vec()),
            ("the JWK", self.public.to_string().into_bytes()),
            ("the whole set", self.jwks.to_string().into_bytes()),
            ("the kid", self.kid().as_bytes().to_vec()),
            ("nothing", Vec::new()),
        ];
        let mut rows = Vec::new();
        for (form, secret) in &secrets {
            for (name, hash) in [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)] {
                let message =
                    format!("{}.{}", encoded(self.with_header("alg", &json!(name)).to_string()), encoded(self.claims.to_string()));
                let sum = hmac::sign(&hmac::Key::new(hash, secret), message.as_bytes());
                rows.push((format!("{name} with {form}"), format!("{message}.{}", encoded(sum.as_ref()))));
            }
        }
        rows
    }

    /// Keys that the token brings, fetches or chooses itself.
    fn keys(&self) -> Vec<Row> {
        let own = self.smith.jwk(self.kid());
        let set = json!({ "keys": [own] });
        let mut rows = vec![("a stranger's key under the true kid".to_owned(), self.smith.token(&self.header, &self.claims))];
        for (field, value) in [
            ("jwk", own.clone()),
            ("jwk", self.public.clone()),
            ("jwks", set.clone()),
            ("jku", json!("https://evil.example/jwks.json")),
            ("jku", json!("http://127.0.0.1:1/jwks.json")),
            ("jku", json!("file:///etc/passwd")),
            ("x5u", json!("https://evil.example/chain.pem")),
            ("x5c", json!([BASE64_STANDARD.encode(b"a certificate")])),
            ("x5t", json!("dGh1bWI")),
            ("x5t#S256", json!("dGh1bWI")),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
            ("iss", self.claims["iss"].clone()),
        ] {
            let header = self.with_header(field, &value);
            rows.push((format!("header field {field} {value}"), self.smith.token(&header, &self.claims)));
            rows.push((format!("header field {field} {value}, the true signature"), self.patched(&header, &self.claims)));
        }
        for kid in [
            json!(""),
            json!("0"),
            json!("../../../../dev/null"),
            json!("/proc/self/environ"),
            json!("' OR '1'='1"),
            json!("x' UNION SELECT 'secret"),
            json!("https://evil.example/jwks.json"),
            json!(null),
            json!(0),
            json!([self.kid()]),
            json!({ "kid": self.kid() }),
            json!(format!("{} ", self.kid())),
            json!(format!("{}\0", self.kid())),
            json!("k".repeat(2_000)),
        ] {
            rows.push((format!("kid {kid}"), self.smith.token(&self.with_header("kid", &kid), &self.claims)));
        }
        for typ in [json!("JWT"), json!("at+jwt "), json!("AT+JWT"), json!("id+jwt"), json!("none"), json!(""), json!(null), json!(1)] {
            rows.push((format!("typ {typ}"), self.patched(&self.with_header("typ", &typ), &self.claims)));
        }
        rows
    }

    /// Claims changed under the true signature.
    fn claims(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let later = self.claims["exp"].as_i64().expect("seconds") + 86_400;
        for (field, value) in [
            ("sub", json!("somebody-else")),
            ("mid", json!("petculture")),
            ("wid", json!("00000000-0000-4000-8000-000000000000")),
            ("guest", json!(true)),
            ("guest", json!("false")),
            ("jti", json!("")),
            ("iss", json!("https://evil.example")),
            ("aud", json!("https://evil.example")),
            ("aud", json!([self.claims["aud"], "https://evil.example"])),
            ("exp", json!(later)),
            ("exp", json!(later.to_string())),
            ("exp", json!(9_999_999_999_999_i64)),
            ("exp", json!(null)),
            ("exp", json!(1e300)),
            ("nbf", json!(0)),
            ("nbf", json!(later)),
            ("iat", json!(-1)),
            ("admin", json!(true)),
        ] {
            let claims = self.with_claim(field, &value);
            rows.push((format!("{field} {value}, the true signature"), self.patched(&self.header, &claims)));
            rows.push((format!("{field} {value}, a stranger's signature"), self.smith.token(&self.header, &claims)));
        }
        for gone in ["exp", "nbf", "iat", "iss", "aud", "sub", "mid", "wid", "guest", "jti"] {
            let mut claims = self.claims.clone();
            claims.as_object_mut().expect("claims").remove(gone);
            rows.push((format!("no {gone}"), self.patched(&self.header, &claims)));
        }
        rows
    }

    /// Texts that are nearly the token.
    fn shapes(&self) -> Vec<Row> {
        let token = self.token.as_str();
        let parts: Vec<_> = token.split('.').collect();
        let (head, body, sum) = (parts[0], parts[1], parts[2]);
        let last = sum.as_bytes()[sum.len() - 1];
        // The last letter carries bits that no byte has: another letter with the same bytes behind it.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let place = alphabet.bytes().position(|letter| letter == last).expect("a letter");
        let twin = char::from(alphabet.as_bytes()[place ^ 1]);
        let mut rows: Vec<Row> = [
            ("a dot behind", format!("{token}.")),
            ("a dot before", format!(".{token}")),
            ("a fourth part", format!("{token}.e30")),
            ("five parts, as if sealed", format!("{head}.{body}.{sum}.{sum}.{sum}")),
            ("trailing data", format!("{token}AAAA")),
            ("padding", format!("{token}==")),
            ("padding in front parts", format!("{head}=.{body}=.{sum}=")),
            ("a second token behind a comma", format!("{token},{token}")),
            ("quotes", format!("\"{token}\"")),
            ("the JSON form", json!({ "protected": head, "payload": body, "signature": sum }).to_string()),
            ("the general JSON form", json!({ "payload": body, "signatures": [{ "protected": head, "signature": sum }] }).to_string()),
            ("a twin of the last letter", format!("{head}.{body}.{}{twin}", &sum[..sum.len() - 1])),
            ("upper case", token.to_uppercase()),
            ("lower case", token.to_lowercase()),
            ("half of it", token[..token.len() / 2].to_owned()),
            ("the signature alone", sum.to_owned()),
            ("an empty header", format!(".{body}.{sum}")),
            ("an empty payload", format!("{head}..{sum}")),
            ("parts exchanged", format!("{body}.{head}.{sum}")),
            ("a list for a header", format!("{}.{body}.{sum}", encoded("[]"))),
            ("claims twice", format!("{head}.{}.{sum}", encoded(format!("{0}{0}", self.claims)))),
            ("percent signs", token.replace('.', "%2E")),
            ("standard base64", BASE64_STANDARD.encode(token)),
            ("a signature of zeros", format!("{head}.{body}.{}", encoded([0_u8; 64]))),
            ("a signature of ones", format!("{head}.{body}.{}", encoded([255_u8; 64]))),
            ("a short signature", format!("{head}.{body}.{}", encoded(&decoded(sum)[..63]))),
            ("a long signature", format!("{head}.{body}.{}", encoded([decoded(sum), vec![0]].concat()))),
        ]
        .map(|(what, token)| (what.to_owned(), token))
        .to_vec();
        for at in [0, 31, 32, 63] {
            let mut flipped = decoded(sum);
            flipped[at] ^= 1;
            rows.push((format!("bit {at} of the signature flipped"), format!("{head}.{body}.{}", encoded(flipped))));
        }
        // S plus the order of the group: the same equation holds, and only the reduced form may be taken.
        rows.push(("S not reduced".to_owned(), format!("{head}.{body}.{}", encoded(unreduced(&decoded(sum))))));
        rows
    }
}

/// An Ed25519 signature with the group's order added to its scalar.
fn unreduced(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0x10,
    ];
    let mut sum = signature.to_vec();
    let mut carry = 0_u16;
    for (byte, order) in sum[32..].iter_mut().zip(ORDER) {
        let total = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (total.to_le_bytes()[0], total >> 8);
    }
    sum
}

/// Credentials of other kinds and of other servers, which are all sound where they belong.
fn sound_elsewhere(florin: &Florin, shopper: &Shopper) -> Vec<Row> {
    let other = Florin::start(Engine::Sqlite);
    let theirs = other.retailer(0).signs_in(&shopper.id);
    let card = shopper.captures(&florin.card("approved"));
    let step_up = shopper.steps_up(shopper.entry(&card)["stepUp"]["url"].as_str().expect("a URL"));
    let header = json!({ "alg": "EdDSA", "kid": "server-1", "verb": "GET", "url": "/", "timestamp": 1 });
    [
        ("another server's token", theirs.token),
        ("a refresh token", shopper.refresh.clone()),
        ("an API key", shopper.at.key.clone()),
        ("a step-up token", step_up),
        ("the operator's key", florin.sandbox.admin_token.clone()),
        ("a seller's token", florin.sandbox.sellers[0].access_token.clone()),
        ("a server's signature", Smith::edwards(1).detached(&header, b"")),
    ]
    .map(|(what, token)| (what.to_owned(), token))
    .to_vec()
}

#[test]
fn of_hundreds_of_forged_tokens_none_gets_in() {
    let florin = Florin::start(Engine::Sqlite);
    let shopper = florin.shopper();
    let forger = Forger::new(&florin, &shopper);
    let lists = |token: &str| sends(shopper.with_token(token).ask("GET", "/wow/v1/pay/instruments"));
    lists(&shopper.token).is(200);
    let mut rows = forger.algorithms();
    rows.extend(forger.public_key_as_secret());
    rows.extend(forger.keys());
    rows.extend(forger.claims());
    rows.extend(forger.shapes());
    rows.extend(sound_elsewhere(&florin, &shopper));
    assert!(rows.len() > 250, "{} kinds", rows.len());
    for (what, token) in &rows {
        let answer = lists(token);
        let body = answer.json();
        assert_eq!((answer.status, &body["errorCode"]), (401, &json!("AP02")), "{what}: {body}");
        assert!(!answer.text().contains(&forger.claims["jti"].as_str().expect("an id")[..8]), "{what}: an answer repeats nothing");
    }
    // A token in another place than its own opens nothing either.
    let in_the_query = format!("/wow/v1/pay/instruments?access_token={}", shopper.token);
    assert_eq!(sends(shopper.at.ask("GET", &in_the_query)).status, 401);
    let twice = shopper.ask("GET", "/wow/v1/pay/instruments").bearer("x");
    assert_eq!(sends(twice).status, 401, "two bearers are none");
    lists(&shopper.token).is(200);
    florin.books_are_right();
}
