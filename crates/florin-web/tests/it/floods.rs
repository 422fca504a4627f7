//! Too much of something: fields, bytes of a head, connections.

use std::sync::Arc;

use florin_web::Limits;
use tokio::task::JoinSet;

use crate::house::{House, soon, with};

#[tokio::test]
async fn a_hundred_fields_pass_and_one_more_does_not() {
    let house = House::start(with(Limits::default())).await;
    for (count, status) in [(99, 200), (100, 431)] {
        let mut client = house.client().await;
        let fields = "X: y\r\n".repeat(count);
        client.send(format!("GET /hello HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, status, "{count} fields and a host");
        answer.request_id();
    }
}

#[tokio::test]
async fn a_head_larger_than_the_limit_is_refused_finished_or_not() {
    let house = House::start(with(Limits { head_bytes: 32 * 1024, ..Limits::default() })).await;
    for size in [33 * 1024, 4 * 1024 * 1024] {
        let mut client = house.client().await;
        client.send("GET /hello HTTP/1.1\r\nX: ").await;
        let _ = client.try_send("x".repeat(size)).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 431, "{size} bytes");
        answer.request_id();
    }
    assert_eq!(house.client().await.get(&format!("/hello?{}", "x".repeat(30 * 1024))).await.status, 200);
}

#[tokio::test]
async fn at_the_cap_an_idle_connection_makes_room_and_a_busy_one_keeps_its_place() {
    let house = House::start(with(Limits { connections: 1, ..Limits::default() })).await;
    let mut idle = house.client().await;
    idle.get("/hello").await;

    let mut busy = house.client().await;
    assert!(idle.closed().await.is_empty(), "the idle connection made room");
    busy.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let house = Arc::new(house);
    let next = tokio::spawn({
        let house = house.clone();
        async move { house.client().await.get("/hello").await.status }
    });
    while house.handled() < 2 {
        tokio::task::yield_now().await;
    }
    house.doings.gate.add_permits(1);

    assert_eq!(busy.answer().await.body, "through after 2", "the third was not served beside the second");
    assert_eq!(soon(next).await.unwrap(), 200);
}

#[tokio::test]
async fn many_clients_at_once_are_all_answered_at_a_small_cap() {
    let house = Arc::new(House::start(with(Limits { connections: 4, ..Limits::default() })).await);
    let mut clients = JoinSet::new();
    for _ in 0..24 {
        let house = house.clone();
        clients.spawn(async move { house.client().await.get("/hello").await.request_id().to_owned() });
    }
    let mut ids = soon(clients.join_all()).await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 24, "every answer has an id of its own");
}
