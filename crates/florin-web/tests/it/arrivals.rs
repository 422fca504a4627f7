//! Arrivals: protocols, resumed sessions, request ids, and where a request came from.

use axum::body::Body;
use florin_web::{Limits, Settings, TrustedProxies};
use http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::HandshakeKind;

use crate::house::{Answer, House, soon, with};

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
async fn http_2_is_spoken_to_who_asks_for_it_under_the_same_rules() {
    let house = House::start(with(Limits::default())).await;
    let io = TokioIo::new(house.tls(b"h2").await);
    let (mut sender, connection) = http2::handshake::<_, _, Body>(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    for (path, fields, status) in [("/hello", 1, 200), ("/hello", 101, 431), ("/panic", 1, 500), ("/nowhere", 1, 404)] {
        let mut request = Request::get(format!("https://localhost{path}")).body(Body::empty()).unwrap();
        for _ in 0..fields {
            request.headers_mut().append("x", http::HeaderValue::from_static("y"));
        }
        let answer = soon(sender.send_request(request)).await.unwrap();
        assert_eq!(answer.status(), status, "{path} with {fields} fields");
        assert_eq!(answer.headers()["x-request-id"].len(), 16);
        soon(answer.into_body().collect()).await.unwrap();
    }
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
