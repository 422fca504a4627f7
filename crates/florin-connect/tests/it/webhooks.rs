//! Stories of webhooks: where they may go, what is sent, what is kept of the answer.

use std::time::Duration;

use florin_connect::{AddressPolicy, WebhookAnswer, WebhookCall, WebhookOutcome, WebhookSender};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Bystander, Peer, local_certificate, read_request};

/// Long enough that no story meets it by accident.
const PATIENT: Duration = Duration::from_secs(30);
/// What a shop says that has heard enough.
const TAKEN: &str = "HTTP/1.1 204 No Content\r\n\r\n";
/// Short enough to wait for.
const HASTY: Duration = Duration::from_millis(150);

fn call(url: impl Into<String>) -> WebhookCall {
    WebhookCall {
        url: url.into(),
        body: br#"{"data":{}}"#.to_vec(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned()), ("x-signature".to_owned(), "c2lnbmVk".to_owned())],
        timeout: PATIENT,
    }
}

fn sandbox() -> WebhookSender {
    WebhookSender::new(AddressPolicy::AllowPrivate, None).unwrap()
}

fn production() -> WebhookSender {
    WebhookSender::new(AddressPolicy::PublicOnly, None).unwrap()
}

fn failure(answer: &WebhookAnswer) -> &str {
    match &answer.outcome {
        WebhookOutcome::Failed { reason } => reason,
        WebhookOutcome::Answered { status } => panic!("answered with {status}"),
    }
}

#[tokio::test]
async fn the_exact_bytes_and_headers_arrive() {
    let shop = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let answer = sandbox().send(call(format!("http://127.0.0.1:{}/hook?shop=1", shop.port))).await;

    assert_eq!(answer.outcome, WebhookOutcome::Answered { status: 200 });
    assert!(answer.accepted());
    assert_eq!(answer.body, b"ok");
    let request = shop.heard().await;
    assert!(request.starts_with("POST /hook?shop=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("content-type: application/json\r\n") && request.contains("x-signature: c2lnbmVk\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"data\":{}}"), "{request}");
}

#[tokio::test]
async fn no_spelling_of_this_machine_gets_past_the_guard() {
    let bystander = Bystander::new();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.255.255.254",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "0177.0.0.01",
        "%31%32%37.0.0.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "user:word@127.0.0.1",
        "localhost",
        "LOCALHOST",
    ] {
        let answer = production().send(call(format!("https://{host}:{}/", bystander.port))).await;
        assert!(failure(&answer).contains("is not public"), "{host}: {answer:?}");
    }
    assert!(bystander.was_left_alone());
}

#[tokio::test]
async fn other_addresses_of_the_inside_are_refused_in_every_spelling() {
    for host in [
        "10.0.0.1",
        "167772161",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "100.64.0.1",
        "168.63.129.16",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "[::ffff:169.254.169.254]",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        let answer = production().send(call(format!("https://{host}/"))).await;
        assert!(failure(&answer).contains("is not public"), "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn production_speaks_https_only() {
    let bystander = Bystander::new();
    for url in ["http://2130706433/", "http://0x7f.1/", "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://x/"] {
        let answer = production().send(call(url.replace("0x7f.1/", &format!("0x7f.1:{}/", bystander.port)))).await;
        assert_eq!(failure(&answer), "only https:// addresses are called", "{url}");
    }
    assert!(bystander.was_left_alone());
}

#[tokio::test]
async fn what_is_no_url_fails_without_a_call() {
    for url in ["", "example.com", "https://", "https://[::1", "https://exa mple.com/", "javascript:1", "https://1.2.3.4.5/"] {
        let answer = sandbox().send(call(url)).await;
        assert!(!failure(&answer).is_empty(), "{url}");
    }
    let broken = WebhookCall { headers: vec![("bad header".to_owned(), "a\nb".to_owned())], ..call("http://127.0.0.1/") };
    assert_eq!(failure(&sandbox().send(broken).await), "invalid HTTP header name");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let bystander = Bystander::new();
    let location =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n", bystander.port);
    let shop = Peer::answering(location.leak()).await;
    let answer = sandbox().send(call(format!("http://127.0.0.1:{}/", shop.port))).await;

    assert_eq!(answer.outcome, WebhookOutcome::Answered { status: 307 });
    assert!(!answer.accepted());
    assert!(bystander.was_left_alone());
}

#[tokio::test]
async fn of_a_large_answer_two_kilobytes_are_kept_and_the_rest_is_not_waited_for() {
    // A megabyte is promised, an eighth is sent, and the end comes only when the client hangs up.
    let shop = Peer::doing(async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n").await.unwrap();
        stream.write_all(&vec![b'x'; 131_072]).await.unwrap();
        let hung_up = !matches!(stream.read(&mut [0; 16]).await, Ok(1..));
        format!("hung up: {hung_up}")
    })
    .await;
    let answer = sandbox().send(call(format!("http://127.0.0.1:{}/", shop.port))).await;

    assert_eq!(answer.outcome, WebhookOutcome::Answered { status: 200 });
    assert_eq!(answer.body, vec![b'x'; 2048]);
    assert!(u128::from(answer.duration_ms) < PATIENT.as_millis());
    assert_eq!(shop.heard().await, "hung up: true");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let shop = Peer::doing(async |mut stream| {
        read_request(&mut stream).await;
        let _ = stream.read(&mut [0; 16]).await; // Ends when the client gives up.
        "given up".to_owned()
    })
    .await;
    let answer = sandbox().send(WebhookCall { timeout: HASTY, ..call(format!("http://127.0.0.1:{}/", shop.port)) }).await;

    assert_eq!(failure(&answer), "no answer within 150 ms");
    assert!((150..10_000).contains(&answer.duration_ms));
    assert_eq!(shop.heard().await, "given up");
}

#[tokio::test]
async fn a_status_in_time_counts_though_the_body_never_ends() {
    let shop = Peer::doing(async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\nbegun").await.unwrap();
        let _ = stream.read(&mut [0; 16]).await;
        String::new()
    })
    .await;
    let answer = sandbox().send(WebhookCall { timeout: HASTY, ..call(format!("http://127.0.0.1:{}/", shop.port)) }).await;

    assert_eq!(answer.outcome, WebhookOutcome::Answered { status: 202 });
    assert_eq!(answer.body, b"begun");
}

#[tokio::test]
async fn a_refused_connection_is_told_without_the_urls_secrets() {
    let closed = Bystander::new().port;
    let answer = sandbox().send(call(format!("http://127.0.0.1:{closed}/hook?key=hunter2"))).await;
    let reason = failure(&answer);
    assert!(reason.starts_with("could not connect: ") && !reason.contains("hunter2"), "{reason}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_failure() {
    let shop = Peer::answering("SSH-2.0-OpenSSH_9.2\r\n").await;
    let answer = sandbox().send(call(format!("http://127.0.0.1:{}/", shop.port))).await;
    assert!(!failure(&answer).is_empty());
}

#[tokio::test]
async fn only_a_certificate_of_a_trusted_authority_is_accepted() {
    let (authority, certificate) = local_certificate();
    let shop = Peer::answering_over_tls(TAKEN, &certificate).await;
    let answer = sandbox().send(call(format!("https://localhost:{}/", shop.port))).await;
    assert!(failure(&answer).contains("invalid peer certificate"), "{answer:?}");
    assert_eq!(shop.heard().await, "", "nothing is said to a server that is not trusted");

    let shop = Peer::answering_over_tls(TAKEN, &certificate).await;
    let trusting = WebhookSender::new(AddressPolicy::AllowPrivate, Some(authority.cert_pem.as_bytes())).unwrap();
    let answer = trusting.send(call(format!("https://127.0.0.1:{}/", shop.port))).await;
    assert_eq!(answer.outcome, WebhookOutcome::Answered { status: 204 });
    assert!(shop.heard().await.ends_with("{\"data\":{}}"));
}

#[test]
fn extra_roots_that_hold_no_certificate_are_refused() {
    for pem in ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = WebhookSender::new(AddressPolicy::AllowPrivate, Some(pem.as_bytes())).unwrap_err();
        assert_eq!(error.code(), "misconfigured", "{pem}");
    }
}
