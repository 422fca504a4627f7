//! Forged access tokens: every kind of attack on signed JSON that we know, as a table; none gets in.
//!
//! Each row carries the reason for which it must be refused, so that none is refused by accident. What tries the reading of
//! a header or of claims is signed with the true key: there the signature cannot be what saves us.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::compact::{Scheme, TokenError, Verifier, decode, encode};
use crate::hex;
use crate::jwt::{Claims, Expected, KeySet};
use crate::random::Random;
use crate::signing_key::{Algorithm, SigningKey};

const NOW: i64 = 1_800_000_000;
const HERE: Expected<'_> = Expected { issuer: "https://florin.test", audience: "https://florin.test/wow", now_s: NOW };
const TYP: &str = r#""at+jwt""#;

/// The claims of a sound token, as they stand in JSON.
const CLAIMS: [(&str, &str); 10] = [
    ("iss", r#""https://florin.test""#),
    ("aud", r#""https://florin.test/wow""#),
    ("sub", r#""shopper-1""#),
    ("mid", r#""m-1""#),
    ("wid", r#""w-1""#),
    ("jti", r#""t-1""#),
    ("guest", "false"),
    ("iat", "1800000000"),
    ("nbf", "1800000000"),
    ("exp", "1800003600"),
];

/// What a forgery is, the token, and why it must be refused.
type Row = (String, String, TokenError);

/// An attacker who has whatever can be had, and for most rows the private key too.
struct Forger {
    key: SigningKey,
    other: SigningKey,
    keys: KeySet,
}

impl Forger {
    fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm, &Random::seeded(1));
        let stolen_id = SigningKey::generate(algorithm, &Random::seeded(2)).to_secret_bytes();
        let other = SigningKey::from_secret_bytes(key.kid(), algorithm, stolen_id.expose()).unwrap();
        let next = SigningKey::generate(algorithm, &Random::seeded(3));
        let keys = KeySet::new(vec![next.public(), key.public()]);
        Self { key, other, keys }
    }

    fn alg(&self) -> String {
        quoted(self.key.algorithm().name())
    }

    /// The sound header with `name` as `value` instead.
    fn header(&self, name: &str, value: &str) -> String {
        let fields = [("alg", self.alg()), ("kid", quoted(self.key.kid())), ("typ", TYP.to_owned())];
        object(fields.iter().map(|(field, sound)| (*field, if *field == name { value } else { sound })))
    }

    fn sound_header(&self) -> String {
        self.header("", "")
    }

    /// Signed with the true key, whatever the parts say.
    fn signs(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        signed(&self.key, header.as_ref(), payload.as_ref())
    }

    fn sound(&self) -> String {
        self.signs(self.sound_header(), sound_payload())
    }

    /// A sound token with other bytes for a signature.
    fn with_signature(&self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
        let sound = self.sound();
        let (message, signature) = sound.rsplit_once('.').unwrap();
        format!("{message}.{}", encode(&change(decode(signature).unwrap())))
    }
}

fn signed(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(message.as_bytes());
    format!("{message}.{}", encode(signature.as_ref()))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let fields: Vec<_> = fields.map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!("{{{}}}", fields.join(","))
}

fn sound_payload() -> String {
    object(CLAIMS.into_iter())
}

/// The sound claims with `name` as `value` instead.
fn payload(name: &str, value: &str) -> String {
    assert!(CLAIMS.iter().any(|(claim, _)| *claim == name), "{name} is a claim");
    object(CLAIMS.into_iter().map(|(claim, sound)| (claim, if claim == name { value } else { sound })))
}

/// `json` with one more field, in front or at the end.
fn in_front(json: &str, name: &str, value: &str) -> String {
    json.replacen('{', &format!(r#"{{"{name}":{value},"#), 1)
}

fn at_the_end(json: &str, name: &str, value: &str) -> String {
    format!(r#"{},"{name}":{value}}}"#, &json[..json.len() - 1])
}

fn algorithms(forger: &Forger) -> Vec<Row> {
    let mut rows = Vec::new();
    let own = forger.key.algorithm().name();
    let names = "none None NONE nOnE HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 ES256K EdDSA \
                 eddsa EDDSA Ed25519 Ed448 es256 dir A128KW RSA-OAEP ECDH-ES PBES2-HS256+A128KW HMAC-SHA256 SHA256withECDSA";
    for name in names.split_whitespace().filter(|name| *name != own).chain([""]) {
        let token = forger.signs(forger.header("alg", &quoted(name)), sound_payload());
        rows.push((format!("alg {name}, signed with the true key"), token, TokenError::WrongAlgorithm));
    }
    for spaced in [format!("{own} "), format!(" {own}"), format!("{own}\\u0000"), format!("{own}\\n"), format!("{own},none")] {
        let token = forger.signs(forger.header("alg", &quoted(&spaced)), sound_payload());
        rows.push((format!("alg {spaced:?}"), token, TokenError::WrongAlgorithm));
    }
    for value in ["null", "0", "true", "[]", "{}", &format!("[{}]", forger.alg())] {
        let token = forger.signs(forger.header("alg", value), sound_payload());
        rows.push((format!("alg as {value}"), token, TokenError::Malformed));
    }
    for name in ["none", "None", own] {
        let message = format!("{}.{}", encode(forger.header("alg", &quoted(name)).as_bytes()), encode(sound_payload().as_bytes()));
        rows.push((format!("alg {name}, signature left empty"), format!("{message}."), TokenError::Malformed));
        rows.push((format!("alg {name}, signature left out"), message, TokenError::Malformed));
    }
    rows
}

/// The public key, taken for the secret of a symmetric algorithm, in whatever form a careless server may hold it.
fn public_key_as_secret(forger: &Forger) -> Vec<Row> {
    let public = forger.key.public();
    let raw = public.to_bytes();
    let scheme = if forger.key.algorithm() == Algorithm::EdDsa { Scheme::EdDsa } else { Scheme::Es256 };
    let der: PublicKeyX509Der<'_> = Verifier::parse(scheme, &raw).unwrap().key.as_der().unwrap();
    let der = der.as_ref();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der));
    let secrets: Vec<(&str, Vec<u8>)> = vec![
        ("point", raw.clone()),
        ("point in hex", hex::encode(&raw).into_bytes()),
        ("point in base64url", encode(&raw).into_bytes()),
        ("point in base64", STANDARD.encode(&raw).into_bytes()),
        ("DER", der.to_vec()),
        ("DER in base64", STANDARD.encode(der).into_bytes()),
        ("PEM", pem.clone().into_bytes()),
        ("PEM without its last line end", pem.trim_end().as_bytes().to_vec()),
        ("PEM of one line", pem.replace('\n', "").into_bytes()),
        ("JWK", public.jwk().into_bytes()),
        ("JWKS", forger.keys.jwks_json().into_bytes()),
        ("kid", public.kid().as_bytes().to_vec()),
        ("nothing", Vec::new()),
    ];
    let hashes = [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)];
    let mut rows = Vec::new();
    for (form, secret) in &secrets {
        for (name, hash) in hashes {
            let message = format!("{}.{}", encode(forger.header("alg", &quoted(name)).as_bytes()), encode(sound_payload().as_bytes()));
            let sum = hmac::sign(&hmac::Key::new(hash, secret), message.as_bytes());
            rows.push((format!("{name} with {form}"), format!("{message}.{}", encode(sum.as_ref())), TokenError::WrongAlgorithm));
        }
        let message = format!("{}.{}", encode(forger.sound_header().as_bytes()), encode(sound_payload().as_bytes()));
        let sum = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, secret), message.as_bytes());
        let token = format!("{message}.{}", encode(sum.as_ref()));
        rows.push((format!("an HMAC of 64 bytes with {form} as the signature"), token, TokenError::BadSignature));
    }
    rows
}

fn keys(forger: &Forger) -> Vec<Row> {
    let stranger = SigningKey::generate(forger.key.algorithm(), &Random::seeded(9));
    let header = forger.sound_header();
    let mut rows = vec![
        (
            "another key under the same kid".to_owned(),
            signed(&forger.other, header.as_bytes(), sound_payload().as_bytes()),
            TokenError::BadSignature,
        ),
        (
            "another key under its own kid".to_owned(),
            signed(&stranger, header.replace(forger.key.kid(), stranger.kid()).as_bytes(), sound_payload().as_bytes()),
            TokenError::UnknownKey,
        ),
    ];
    let kid = forger.key.kid();
    let flipped: String =
        kid.chars().map(|letter| if letter.is_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }).collect();
    let long = "k".repeat(1_000);
    let odd = [
        "",
        "0",
        "*",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "C:\\\\keys",
        "https://evil.test/jwks.json",
        "|id",
        "$(id)",
        "' OR '1'='1",
        "x' UNION SELECT 'secret",
        "1; DROP TABLE keys",
        "%00",
        "{{7*7}}",
        &flipped,
        &long,
    ];
    for name in odd {
        let token = forger.signs(forger.header("kid", &quoted(name)), sound_payload());
        rows.push((format!("kid {name}"), token, TokenError::UnknownKey));
    }
    for (what, name) in [
        ("a NUL behind it", format!("{kid}\\u0000")),
        ("a NUL before it", format!("\\u0000{kid}")),
        ("a space behind it", format!("{kid} ")),
        ("a line end behind it", format!("{kid}\\n")),
        ("its last character gone", kid[1..].to_owned()),
        ("a slash before it", format!("./{kid}")),
        ("a second one behind it", format!("{kid},{kid}")),
    ] {
        let token = forger.signs(forger.header("kid", &quoted(&name)), sound_payload());
        rows.push((format!("the kid with {what}"), token, TokenError::UnknownKey));
    }
    for value in ["null", "0", "false", "{}", "[]", &format!("[{}]", quoted(kid)), r#""\ud800""#, "\"\n\""] {
        let token = forger.signs(forger.header("kid", value), sound_payload());
        rows.push((format!("kid as {value:?}"), token, TokenError::Malformed));
    }
    rows
}

/// Header fields that bring, fetch or choose a key, or change what is signed: with the key they bring, and with the true one.
fn keys_in_the_header(forger: &Forger) -> Vec<Row> {
    let jwk = forger.other.public().jwk();
    let own_jwk = forger.key.public().jwk();
    let fields = [
        ("jwk", jwk.as_str()),
        ("jwk", own_jwk.as_str()),
        ("jwk", "null"),
        ("jku", r#""https://evil.test/jwks.json""#),
        ("jku", r#""https://florin.test/.well-known/jwks.json""#),
        ("x5u", r#""https://evil.test/chain.pem""#),
        ("x5c", r#"["MIIB"]"#),
        ("x5c", "[]"),
        ("x5t", r#""dGh1bWI""#),
        ("x5t#S256", r#""dGh1bWI""#),
        ("crit", "[]"),
        ("crit", r#"["exp"]"#),
        ("crit", r#"["b64"]"#),
        ("b64", "false"),
        ("b64", "true"),
        ("zip", r#""DEF""#),
        ("cty", r#""JWT""#),
        ("enc", r#""A256GCM""#),
        ("epk", jwk.as_str()),
        ("p2c", "2147483647"),
        ("exp", "1800003600"),
        ("iss", r#""https://florin.test""#),
        ("nonce", r#""n""#),
        ("Alg", r#""none""#),
        ("", "0"),
    ];
    let mut rows = Vec::new();
    for (name, value) in fields {
        for (signer, key) in [("the true key", &forger.key), ("the one it may bring", &forger.other)] {
            let header = at_the_end(&forger.sound_header(), name, value);
            let token = signed(key, header.as_bytes(), sound_payload().as_bytes());
            let value = value.get(value.len().saturating_sub(24)..).unwrap_or(value);
            rows.push((format!("header field {}: {name} {value}, signed with {signer}", rows.len() / 2), token, TokenError::Malformed));
        }
    }
    rows
}

fn types(forger: &Forger) -> Vec<Row> {
    let names =
        ["JWT", "jwt", "AT+JWT", "at+JWT", "At+Jwt", "application/at+jwt", "at+jwt ", " at+jwt", "at+jwt;v=1", "at+jwt+x", "at jwt", "at"];
    let others = ["dpop+jwt", "logout+jwt", "id+jwt", "secevent+jwt", "rt+jwt", "JOSE", "none", "", "at+jwt\\u0000"];
    let mut rows: Vec<Row> = names
        .into_iter()
        .chain(others)
        .map(|name| (format!("typ {name}"), forger.signs(forger.header("typ", &quoted(name)), sound_payload()), TokenError::WrongType))
        .collect();
    for value in ["null", "0", "true", r#"["at+jwt"]"#, r#"{"at+jwt":1}"#] {
        rows.push((format!("typ as {value}"), forger.signs(forger.header("typ", value), sound_payload()), TokenError::Malformed));
    }
    rows
}

/// Texts that are not the one object that was asked for, made of the `sound` one.
fn shapes(sound: &str) -> Vec<(&'static str, Vec<u8>)> {
    let list = sound.split(',').map(|field| field.split_once(':').unwrap().1.trim_end_matches('}')).collect::<Vec<_>>().join(",");
    let mut shapes: Vec<(&str, Vec<u8>)> = [
        ("a list of the values", format!("[{list}]")),
        ("the object in a list", format!("[{sound}]")),
        ("the object in an object", format!("{{\"a\":{sound}}}")),
        ("the object in a string", serde_json::to_string(sound).unwrap()),
        ("a nested list", "[[[[[[[[]]]]]]]]".to_owned()),
        ("deep nesting", format!("{}{}", "[".repeat(1_000), "]".repeat(1_000))),
        ("deep objects", format!("{}1{}", "{\"a\":".repeat(300), "}".repeat(300))),
        ("an empty object", "{}".to_owned()),
        ("an empty list", "[]".to_owned()),
        ("null", "null".to_owned()),
        ("a number", "1".to_owned()),
        ("true", "true".to_owned()),
        ("a string", "\"text\"".to_owned()),
        ("plain words", "not JSON at all".to_owned()),
        ("a space before", format!(" {sound}")),
        ("a line end behind", format!("{sound}\n")),
        ("a second object behind", format!("{sound}{{}}")),
        ("the object twice", format!("{sound}{sound}")),
        ("a list behind", format!("{sound}[]")),
        ("a brace behind", format!("{sound}}}")),
        ("a byte order mark", format!("\u{feff}{sound}")),
        ("a NUL before", format!("\0{sound}")),
        ("a NUL behind", format!("{sound}\0")),
        ("a NUL inside", sound.replacen(',', ",\0", 1)),
        ("a comment", sound.replacen(',', ",/* so */", 1)),
        ("a line comment", sound.replacen(',', ",//so\n", 1)),
        ("a comma at the end", sound.replace('}', ",}")),
        ("no end", sound[..sound.len() - 1].to_owned()),
        ("no closing quote", sound.replacen("\",", ",", 1)),
        ("single quotes", sound.replace('"', "'")),
        ("names without quotes", sound.replacen("{\"", "{", 1).replacen("\":", ":", 1)),
        ("an equals sign", sound.replacen(':', "=", 1)),
        ("a raw line end in a text", sound.replacen(":\"", ":\"\n", 1)),
        ("an unknown escape", sound.replacen(":\"", ":\"\\x41", 1)),
        ("half a surrogate pair", sound.replacen(":\"", ":\"\\ud83d", 1)),
    ]
    .map(|(what, text)| (what, text.into_bytes()))
    .to_vec();
    let at = sound.find(":\"").unwrap() + 2;
    for (what, bytes) in [("invalid UTF-8", &b"\xff"[..]), ("overlong UTF-8", b"\xc0\xaf"), ("a surrogate in UTF-8", b"\xed\xa0\x80")] {
        shapes.push((what, [&sound.as_bytes()[..at], bytes, &sound.as_bytes()[at..]].concat()));
    }
    shapes.push(("UTF-16", sound.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    shapes
}

fn shapes_of_json(forger: &Forger) -> Vec<Row> {
    let header = forger.sound_header();
    let mut rows = Vec::new();
    for (what, bytes) in shapes(&header) {
        rows.push((format!("{what} for a header"), forger.signs(bytes, sound_payload()), TokenError::Malformed));
    }
    for (what, bytes) in shapes(&sound_payload()) {
        rows.push((format!("{what} for a payload"), forger.signs(&header, bytes), TokenError::Malformed));
    }
    for (name, value) in [("alg", forger.alg()), ("kid", quoted(forger.key.kid())), ("typ", TYP.to_owned())] {
        rows.push((
            format!("no {name}"),
            forger.signs(header.replace(&format!("\"{name}\""), "\"x\""), sound_payload()),
            TokenError::Malformed,
        ));
        for (what, value) in [("the same", value.as_str()), ("another", "\"none\"")] {
            let twice = [in_front(&header, name, value), at_the_end(&header, name, value)];
            for (at, header) in ["first", "last"].into_iter().zip(twice) {
                rows.push((format!("{name} twice, {what} {at}"), forger.signs(header, sound_payload()), TokenError::Malformed));
            }
        }
    }
    let escaped = at_the_end(&header, "\\u0061lg", "\"none\"");
    rows.push(("alg twice, once in disguise".to_owned(), forger.signs(escaped, sound_payload()), TokenError::Malformed));
    rows
}

fn claims_of_the_wrong_kind(forger: &Forger) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut push = |what: String, payload: String| rows.push((what, forger.signs(forger.sound_header(), payload), TokenError::Malformed));
    for (name, sound) in CLAIMS {
        let rest = CLAIMS.into_iter().filter(|(claim, _)| *claim != name);
        push(format!("no {name}"), object(rest));
        push(format!("{name} twice"), at_the_end(&sound_payload(), name, sound));
        push(format!("{name} twice, null first"), in_front(&sound_payload(), name, "null"));
        for value in ["null", "[]", "{}", "1.5", "-0.0", &format!("[{sound}]"), &format!("{{\"value\":{sound}}}")] {
            push(format!("{name} as {value}"), payload(name, value));
        }
        let of_another_kind = if sound.starts_with('"') { "1800000000".to_owned() } else { quoted(sound) };
        push(format!("{name} as {of_another_kind}"), payload(name, &of_another_kind));
    }
    for name in ["iat", "nbf", "exp"] {
        for value in [
            "-1",
            "0",
            "-1800003600",
            "1800003600.0",
            "1.8e9",
            "18e8",
            "1e400",
            "253402300800",
            "1800003600000000",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "1800003600n",
            "01800003600",
            "+1800003600",
            "0x6b49d200",
            "Infinity",
            "NaN",
            "true",
            "1_800_000_000",
        ] {
            push(format!("{name} as {value}"), payload(name, value));
        }
    }
    for value in ["1", "0", "\"\"", "\"no\"", "True", "FALSE"] {
        push(format!("guest as {value}"), payload("guest", value));
    }
    for name in ["sub", "mid", "wid", "jti"] {
        push(format!("{name} empty"), payload(name, "\"\""));
        push(format!("{name} as true"), payload(name, "true"));
    }
    for (name, value) in
        [("admin", "true"), ("scope", "\"*\""), ("Exp", "1"), ("AUD", "\"x\""), ("__proto__", "{}"), ("kid", "\"k\""), ("", "1")]
    {
        push(format!("an unknown claim {name}"), at_the_end(&sound_payload(), name, value));
    }
    push("exp twice, once in disguise".to_owned(), at_the_end(&sound_payload(), "e\\u0078p", "9999999999"));
    push("exp not after iat".to_owned(), payload("iat", "1800003600"));
    push("exp not after nbf".to_owned(), payload("nbf", "1800003600"));
    rows
}

fn claims_that_say_something_else(forger: &Forger) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut push = |name: &str, value: &str, expected| {
        rows.push((format!("{name} {value}"), forger.signs(forger.sound_header(), payload(name, value)), expected));
    };
    for (name, sound, expected) in [("iss", HERE.issuer, TokenError::WrongIssuer), ("aud", HERE.audience, TokenError::WrongAudience)] {
        let host = "https://florin.test";
        for other in [
            String::new(),
            "*".to_owned(),
            "null".to_owned(),
            format!("{sound}/"),
            format!("{sound}#"),
            format!("{sound}?"),
            format!("{sound} "),
            format!(" {sound}"),
            format!("{sound}\\u0000"),
            format!("{sound},{sound}"),
            format!("{sound} https://evil.test"),
            sound.to_uppercase(),
            sound.replace("https", "http"),
            sound.replace("https", "HTTPS"),
            sound.replace("florin", "Florin"),
            sound.replace("florin.test", "florin.test:443"),
            sound.replace("florin.test", "florin.test.evil.test"),
            sound.replace("florin.test", "florin.test@evil.test"),
            sound.replace("florin.test", "evil.test"),
            sound.replace("florin.test", "fl\\u043erin.test"),
            sound[..sound.len() - 1].to_owned(),
            host[8..].to_owned(),
        ] {
            push(name, &quoted(&other), expected);
        }
    }
    push("iss", &quoted(HERE.audience), TokenError::WrongIssuer);
    push("aud", &quoted(HERE.issuer), TokenError::WrongAudience);
    for at in [NOW + 1, NOW + 60, NOW + 3_599] {
        push("nbf", &at.to_string(), TokenError::NotYetValid);
    }
    for at in [NOW + 61, NOW + 3_599] {
        push("iat", &at.to_string(), TokenError::NotYetValid);
    }
    let past = |expires: i64| {
        let payload = sound_payload().replace("1800000000", "1700000000").replace("1800003600", &expires.to_string());
        (format!("expired at {expires}"), forger.signs(forger.sound_header(), payload), TokenError::Expired { at: expires })
    };
    rows.extend([NOW, NOW - 1, NOW - 60, NOW - 86_400].map(past));
    rows
}

fn compact_forms(forger: &Forger) -> Vec<Row> {
    let sound = forger.sound();
    let [header, payload, signature] = sound.split('.').collect::<Vec<_>>()[..] else { panic!("a token has three parts") };
    let with_dashes = (0..).map(|at| forger.signs(forger.sound_header(), self::payload("jti", &quoted(&format!("t-{at}?>?>?>")))));
    let with_dashes = with_dashes.into_iter().find(|token| token.contains('-') || token.contains('_')).unwrap();
    let loose_bits = format!("{}{}", &sound[..sound.len() - 1], char::from(sound.as_bytes()[sound.len() - 1] + 1));
    let json = format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#);
    let tokens = [
        ("nothing", String::new()),
        ("one dot", ".".to_owned()),
        ("two dots", "..".to_owned()),
        ("three dots", "...".to_owned()),
        ("no dots", sound.replace('.', "")),
        ("the header alone", header.to_owned()),
        ("four parts", format!("{sound}.{signature}")),
        ("five parts", format!("{sound}.a.b")),
        ("a dot behind", format!("{sound}.")),
        ("a dot before", format!(".{sound}")),
        ("an empty header", format!(".{payload}.{signature}")),
        ("three characters behind", format!("{sound}AAA")),
        ("a character before", format!("A{sound}")),
        ("itself behind", format!("{sound}{sound}")),
        ("a space before", format!(" {sound}")),
        ("a space behind", format!("{sound} ")),
        ("a line end behind", format!("{sound}\n")),
        ("a tab behind", format!("{sound}\t")),
        ("a NUL behind", format!("{sound}\0")),
        ("padding behind", format!("{sound}==")),
        ("padding in each part", sound.split('.').map(|part| URL_SAFE.encode(decode(part).unwrap())).collect::<Vec<_>>().join(".")),
        ("the other base64 alphabet", with_dashes.replace('-', "+").replace('_', "/")),
        ("loose bits at the end", loose_bits),
        ("percent signs for dots", sound.replace('.', "%2E")),
        ("full stops of another script", sound.replace('.', "\u{3002}")),
        ("letters of another script", sound.replacen('e', "\u{0435}", 1)),
        ("the scheme's name before", format!("Bearer {sound}")),
        ("quotes", format!("\"{sound}\"")),
        ("the JSON form", json),
        ("a comma and itself", format!("{sound},{sound}")),
        ("five thousand letters", "a".repeat(5_000)),
        ("a million dots", ".".repeat(1_000_000)),
        ("a sound token that is too long", forger.signs(forger.sound_header(), self::payload("sub", &quoted(&"s".repeat(4_000))))),
        ("a header that is too long", forger.signs(" ".repeat(5_000), sound_payload())),
    ];
    tokens.map(|(what, token)| (format!("the form: {what}"), token, TokenError::Malformed)).to_vec()
}

/// Parts that are encoded in another way, and signed so with the true key.
fn signed_forms(forger: &Forger) -> Vec<Row> {
    let (header, payload) = (encode(forger.sound_header().as_bytes()), encode(sound_payload().as_bytes()));
    let odd_bits = |part: &str| {
        let last = part.as_bytes()[part.len() - 1];
        format!("{}{}", &part[..part.len() - 1], char::from(last + 1))
    };
    // One byte beyond a multiple of three leaves four bits of the last character unused.
    let loose = (0..3).map(|more| encode(self::payload("jti", &quoted(&"t".repeat(more + 1))).as_bytes())).find(|part| part.len() % 4 == 2);
    let binary = encode(self::payload("jti", "\"?>?>?>~~~\u{7f}\"").as_bytes());
    assert!(binary.contains('-') || binary.contains('_'), "{binary}");
    let (start, end) = payload.split_at(payload.len() / 2);
    let messages = [
        ("an empty payload", format!("{header}.")),
        ("an empty header", format!(".{payload}")),
        ("an empty header and payload", ".".to_owned()),
        ("a payload with a space inside", format!("{header}.{start} {end}")),
        ("a payload with a line end inside", format!("{header}.{start}\r\n{end}")),
        ("a payload with a NUL inside", format!("{header}.{start}\0{end}")),
        ("a payload with padding", format!("{header}.{}", URL_SAFE.encode(sound_payload() + " "))),
        ("a payload with padding inside", format!("{header}.{start}={end}")),
        ("a header with a space behind", format!("{header} .{payload}")),
        ("a payload in the other base64 alphabet", format!("{header}.{}", binary.replace('-', "+").replace('_', "/"))),
        ("a payload with loose bits", format!("{header}.{}", odd_bits(&loose.unwrap()))),
        ("a payload not encoded", format!("{header}.{}", sound_payload().replace('.', ""))),
        ("a payload encoded twice", format!("{header}.{}", encode(payload.as_bytes()))),
        ("a payload in hexadecimal", format!("{header}.{}", hex::encode(sound_payload().as_bytes()))),
        ("a payload of one character", format!("{header}.A")),
        ("a part more before the signature", format!("{header}.{payload}.{payload}")),
    ];
    let token = |message: String| format!("{message}.{}", encode(forger.key.sign(message.as_bytes()).as_ref()));
    messages.map(|(what, message)| (format!("signed with the true key: {what}"), token(message), TokenError::Malformed)).to_vec()
}

/// The orders of the groups, the lowest byte last: of Ed25519, and of P-256.
const ORDERS: [&str; 2] = [
    "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
];

fn added(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = left
        .iter()
        .zip(right)
        .rev()
        .map(|(left, right)| {
            let digit = u16::from(*left) + u16::from(*right) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    sum.reverse();
    sum
}

fn der_integer(bytes: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if digits[0] > 0x7f {
        digits.insert(0, 0);
    }
    [&[2, u8::try_from(digits.len()).unwrap()], &digits[..]].concat()
}

fn signatures(forger: &Forger) -> Vec<Row> {
    let [ed25519, p256] = ORDERS.map(|order| hex::decode(order).unwrap());
    let mut rows = Vec::new();
    let mut push = |what: String, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        rows.push((format!("the signature {what}"), forger.with_signature(change), TokenError::BadSignature));
    };
    for bit in (0..512).step_by(37) {
        push(format!("with bit {bit} flipped"), &|mut bytes| {
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        });
    }
    for length in [1, 31, 32, 33, 63] {
        push(format!("cut to {length} bytes"), &|bytes| bytes[..length].to_vec());
    }
    for more in [1, 2, 32, 64] {
        push(format!("with {more} bytes more"), &|bytes| [bytes, vec![0; more]].concat());
    }
    for byte in [0, 1, 0x7f, 0xff] {
        push(format!("of nothing but {byte}"), &|_| vec![byte; 64]);
    }
    push("with its halves swapped".to_owned(), &|bytes| [&bytes[32..], &bytes[..32]].concat());
    push("backwards".to_owned(), &|bytes| bytes.into_iter().rev().collect());
    push("with a zero for its first half".to_owned(), &|bytes| [&[0; 32], &bytes[32..]].concat());
    push("with a zero for its second half".to_owned(), &|bytes| [&bytes[..32], &[0; 32]].concat());
    push("of the neutral point and zero".to_owned(), &|_| [&[1][..], &[0; 63]].concat());
    push("of two orders of P-256".to_owned(), &|_| [&p256[..], &p256].concat());
    push("of the order of P-256 and one".to_owned(), &|_| [&p256[..], &[0; 31], &[1]].concat());
    push("in DER".to_owned(), &|bytes| {
        let numbers = [der_integer(&bytes[..32]), der_integer(&bytes[32..])].concat();
        [&[0x30, u8::try_from(numbers.len()).unwrap()], &numbers[..]].concat()
    });
    push("in hexadecimal".to_owned(), &|bytes| hex::encode(&bytes).into_bytes());
    push("in base64 once more".to_owned(), &|bytes| encode(&bytes).into_bytes());
    push("with the order of Ed25519 added".to_owned(), &|bytes| {
        let high_first: Vec<u8> = bytes[32..].iter().rev().copied().collect();
        let sum = added(&high_first, &ed25519);
        [&bytes[..32], &sum.into_iter().rev().collect::<Vec<_>>()].concat()
    });
    rows
}

fn exchanges(forger: &Forger) -> Vec<Row> {
    let (mine, yours) = (forger.sound(), forger.signs(forger.sound_header(), payload("sub", "\"shopper-2\"")));
    let part = |token: &str, at: usize| token.split('.').nth(at).unwrap().to_owned();
    let (header, claims) = (part(&mine, 0), part(&mine, 1));
    let over = |message: String| encode(forger.key.sign(message.as_bytes()).as_ref());
    let token = |signature: String| format!("{header}.{claims}.{signature}");
    let rows = [
        ("the payload of another token", format!("{header}.{}.{}", part(&yours, 1), part(&mine, 2))),
        ("the signature of another token", token(part(&yours, 2))),
        ("a signature over the payload alone", token(over(claims.clone()))),
        ("a signature over the header alone", token(over(header.clone()))),
        ("a signature over the JSON", token(over(format!("{}.{}", forger.sound_header(), sound_payload())))),
        ("a signature over the payload not encoded", token(over(format!("{header}.{}", sound_payload())))),
        ("a signature over the parts without the dot", token(over(format!("{header}{claims}")))),
        ("a signature over a detached payload", token(over(format!("{header}.")))),
        ("a signature over the digest", token(encode(forger.key.sign(&crate::digest(format!("{header}.{claims}").as_bytes())).as_ref()))),
        ("changed claims under an old signature", {
            let other = encode(payload("guest", "true").as_bytes());
            format!("{header}.{other}.{}", part(&mine, 2))
        }),
    ];
    rows.map(|(what, token)| (what.to_owned(), token, TokenError::BadSignature)).to_vec()
}

fn table(forger: &Forger) -> Vec<Row> {
    [
        algorithms(forger),
        public_key_as_secret(forger),
        keys(forger),
        keys_in_the_header(forger),
        types(forger),
        shapes_of_json(forger),
        claims_of_the_wrong_kind(forger),
        claims_that_say_something_else(forger),
        compact_forms(forger),
        signed_forms(forger),
        signatures(forger),
        exchanges(forger),
    ]
    .concat()
}

#[test]
fn the_forgers_own_tokens_would_be_accepted_were_they_sound() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let forger = Forger::new(algorithm);
        let claims: Claims = serde_json::from_str(&sound_payload()).unwrap();
        assert_eq!(forger.keys.verify(&forger.sound(), &HERE), Ok(claims));
        assert!(forger.keys.verify(&forger.with_signature(|bytes| bytes), &HERE).is_ok());
    }
}

#[test]
fn no_forged_token_gets_in_and_each_is_refused_for_what_it_is() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let forger = Forger::new(algorithm);
        let rows = table(&forger);
        let repeated: Vec<_> = rows
            .iter()
            .enumerate()
            .filter(|(at, (what, token, _))| rows[..*at].iter().any(|(other, same, _)| other == what || same == token))
            .map(|(_, (what, ..))| what)
            .collect();
        assert!(repeated.is_empty(), "not forgeries of their own: {repeated:?}");
        assert!(rows.len() >= 100, "{} are few", rows.len());
        let wrong: Vec<String> = rows
            .iter()
            .map(|(what, token, expected)| (what, forger.keys.verify(token, &HERE), expected))
            .filter(|(_, found, expected)| found.as_ref() != Err(*expected))
            .map(|(what, found, expected)| format!("{what}: {found:?}, not {expected:?}"))
            .collect();
        assert!(wrong.is_empty(), "{} with {}:\n  {}", wrong.len(), algorithm.name(), wrong.join("\n  "));
    }
}

#[test]
fn no_refusal_repeats_the_token() {
    let forger = Forger::new(Algorithm::EdDsa);
    for (what, token, _) in table(&forger) {
        let refusal = forger.keys.verify(&token, &HERE).unwrap_err();
        let said = format!("{refusal} {refusal:?}");
        assert!(said.len() < 100, "{what}: {said}");
        assert!(token.split('.').all(|part| part.len() < 4 || !said.contains(part)), "{what}: {said}");
    }
}
