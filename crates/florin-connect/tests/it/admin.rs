//! Stories of the admin client.

use florin_connect::ConnectError;
use florin_connect::http::Client;
use florin_vault::Secret;
use serde_json::{Value, json};

use crate::peer::{Bystander, Peer, local_certificate};

fn key() -> Secret<String> {
    Secret::new("operators-key".to_owned())
}

#[tokio::test]
async fn a_command_carries_the_key_and_brings_the_answer_back() {
    let (authority, certificate) = local_certificate();
    let server = Peer::answering_over_tls("HTTP/1.1 201 Created\r\ncontent-length: 8\r\n\r\n{\"ok\":1}", &certificate).await;
    let client = Client::new(&format!("https://localhost:{}/", server.port), Some(authority.cert_pem.as_bytes()), Some(key())).unwrap();
    let answer = client.post("/admin/clock/advance", &json!({ "by": "35d" })).await.unwrap();

    assert!(answer.is_success());
    assert_eq!((answer.status, answer.body), (201, json!({ "ok": 1 })));
    let request = server.heard().await;
    assert!(request.starts_with("POST /admin/clock/advance HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Bearer operators-key\r\n") && request.ends_with(r#"{"by":"35d"}"#), "{request}");
    assert!(!format!("{client:?}").contains("operators-key"));
}

#[tokio::test]
async fn an_error_status_is_an_answer_and_a_text_is_kept() {
    let server = Peer::answering("HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\nHTTPS").await;
    let client = Client::new(&format!("http://127.0.0.1:{}", server.port), None, None).unwrap();
    let answer = client.get("/admin/merchants?page=1").await.unwrap();
    assert_eq!((answer.status, answer.body), (403, Value::String("HTTPS".to_owned())));
    assert!(server.heard().await.starts_with("GET /admin/merchants?page=1 HTTP/1.1\r\n"));

    let server = Peer::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let client = Client::new(&format!("http://localhost:{}", server.port), None, None).unwrap();
    assert_eq!(client.delete("/admin/tokens/1").await.unwrap().body, Value::Null);
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable() {
    let client = Client::new(&format!("http://127.0.0.1:{}", Bystander::new().port), None, Some(key())).unwrap();
    assert!(matches!(client.get("/readyz").await, Err(ConnectError::Unavailable(_))));
}

#[test]
fn the_key_is_not_sent_in_clear_to_another_machine() {
    for url in ["http://florin.example.com", "http://10.0.0.1", "ftp://localhost", "florin.example.com", ""] {
        let error = Client::new(url, None, Some(key())).unwrap_err();
        assert!(matches!(error, ConnectError::Misconfigured(_)), "{url}");
    }
}
