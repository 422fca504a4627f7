//! Arrivals: protocols, resumed sessions, request ids, and where a request came from.

use florin_web::{Limits, Settings, TrustedProxies};
use rustls::HandshakeKind;

use crate::house::{Answer, House, with};

#[tokio::test]
async fn every_answer_has_an_id_of_its_own_which_its_handler_knows() {
    let house = House::start(with(Limits::default())).await;
    let mut client = house.client().await;
    let (who, missing, wrong_verb) = (client.get("/who").await, client.get("/nowhere").await, client.get("/length").await);
    assert_eq!((who.status, missing.status, wrong_verb.status), (200, 404, 405));
    assert_eq!(who.body, format!("127.0.0.1 {}", who.request_id()));
    assert_ne!(who.request_id(), missing.request_id());
    assert_ne!(missing.request_id(), wrong_verb.request_id());
}

#[tokio::test]
async fn a_client_that_comes_back_resumes_its_session() {
    let house = House::start(with(Limits::default())).await;
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let mut client = house.client().await;
        client.get("/hello").await;
        assert_eq!(client.stream().get_ref().1.handshake_kind(), Some(kind));
    }
}

async fn behind_proxy(trusted: &str, fields: &str) -> Answer {
    let proxies = TrustedProxies::parse(&[trusted]).unwrap();
    let house = House::start_behind_proxy(Settings { proxies, ..with(Limits::default()) }).await;
    let mut proxy = house.tcp().await;
    proxy.send(format!("GET /who HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")).await;
    proxy.answer().await
}

#[tokio::test]
async fn a_trusted_proxy_may_speak_plain_http_and_say_who_asks() {
    let answer = behind_proxy("127.0.0.0/8", "X-Forwarded-For: 192.0.2.1, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n").await;
    assert_eq!(answer.body, format!("198.51.100.7 {}", answer.request_id()));
}

#[tokio::test]
async fn plain_http_is_refused_from_strangers_and_when_a_proxy_passes_it_on() {
    for (trusted, fields) in [("10.0.0.0/8", ""), ("127.0.0.1", "X-Forwarded-Proto: http\r\n")] {
        let answer = behind_proxy(trusted, fields).await;
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("HTTPS only"), "{answer:?}");
        answer.request_id();
    }
}
