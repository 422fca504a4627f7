//! Stopping: what was begun is finished, nothing new is begun, and nobody can hold the door for ever.

use std::time::Duration;

use florin_web::{Drained, Limits};
use tokio::net::TcpStream;

use crate::house::{House, with};

#[tokio::test]
async fn a_stopping_listener_finishes_what_it_began_and_accepts_no_more() {
    let mut house = House::start(with(Limits::default())).await;
    let (mut idle, silent, unbegun) = (house.client().await, house.client().await, house.tcp().await);
    idle.get("/hello").await;
    let mut busy = house.client().await;
    busy.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    while house.handled() < 2 {
        tokio::task::yield_now().await;
    }

    house.stop();

    idle.closed().await;
    silent.closed().await;
    unbegun.closed().await;
    assert!(TcpStream::connect(house.address).await.is_err(), "nobody is let in any more");
    house.doings.gate.add_permits(1);
    let answer = busy.answer().await;
    assert_eq!((answer.body.as_str(), answer.fields["connection"].as_str()), ("through after 2", "close"));
    busy.closed().await;
    assert_eq!(house.drained().await, Drained { cut: 0 });
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_when_the_time_to_drain_is_over() {
    let mut house = House::start(with(Limits { drain: Duration::from_millis(50), ..Limits::default() })).await;
    let mut stuck = house.client().await;
    stuck.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    while house.handled() < 1 {
        tokio::task::yield_now().await;
    }

    house.stop();

    assert!(stuck.closed().await.is_empty());
    assert_eq!(house.drained().await, Drained { cut: 1 });
}
