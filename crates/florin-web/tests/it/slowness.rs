//! Clients that take their time: none may hold a connection for longer than it is given.

use std::time::Duration;

use florin_web::Limits;

use crate::house::{House, impatient, with};

/// Long beside the impatient limits, so that a close is known to come from the limit under test.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_client_that_never_begins_its_handshake_is_closed() {
    let house = House::start(with(Limits { handshake: impatient().handshake, ..Limits::default() })).await;
    assert!(house.tcp().await.closed().await.is_empty(), "said nothing at all");
    let mut client = house.tcp().await;
    client.send([0x16, 3, 1]).await;
    assert!(client.closed().await.is_empty(), "began and stopped");
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_closed() {
    let house = House::start(with(Limits { head: impatient().head, idle: LONG, ..Limits::default() })).await;
    let mut silent = house.client().await;
    silent.send("").await;
    assert!(silent.closed().await.is_empty(), "said nothing after the handshake");

    let mut slow = house.client().await;
    slow.send("GET /hello HTTP/1.1\r\nHost: ").await;
    assert!(slow.closed().await.is_empty());
    assert_eq!(house.handled(), 0);
}

#[tokio::test]
async fn a_client_that_drips_its_head_gains_no_time_by_it() {
    let house = House::start(with(Limits { head: impatient().head, idle: LONG, ..Limits::default() })).await;
    let mut client = house.client().await;
    assert_eq!(client.get("/hello").await.status, 200);
    client.send("GET /hello HTTP/1.1\r\nX: ").await;
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    let mut drips = 0;
    while client.try_send("x").await.is_ok() {
        drips += 1;
        pace.tick().await;
        assert!(drips < 4_000, "still open after {drips} drips");
    }
    assert_eq!(house.handled(), 1);
}

#[tokio::test]
async fn a_connection_that_is_kept_but_not_used_is_closed() {
    let house = House::start(with(Limits { idle: impatient().idle, head: LONG, ..Limits::default() })).await;
    let mut client = house.client().await;
    assert_eq!(client.get("/hello").await.status, 200);
    assert!(client.closed().await.is_empty());
}

#[tokio::test]
async fn a_request_being_answered_is_under_no_such_limit() {
    let house = House::start(with(impatient())).await;
    let mut waiting = house.client().await;
    waiting.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    while house.handled() == 0 {
        tokio::task::yield_now().await;
    }
    // Another client's whole idle time passes meanwhile.
    let mut other = house.client().await;
    other.get("/hello").await;
    other.closed().await;
    house.doings.gate.add_permits(1);
    assert_eq!(waiting.answer().await.body, "through after 2");
}

#[tokio::test]
async fn a_client_that_never_finishes_its_body_is_told_so() {
    let house = House::start(with(Limits::default())).await;
    let mut client = house.client().await;
    client.send("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab").await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 408);
    answer.request_id();
}
