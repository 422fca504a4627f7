//! Bodies at and over their limit, announced or not.

use florin_web::Limits;

use crate::house::{House, with};

const LIMIT: usize = 1024 * 1024;

#[tokio::test]
async fn a_mebibyte_passes_and_one_byte_more_does_not() {
    let house = House::start(with(Limits::default())).await;
    for (size, status) in [(LIMIT, 200), (LIMIT + 1, 413)] {
        let mut client = house.client().await;
        client.send(format!("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n")).await;
        let _ = client.try_send("x".repeat(size)).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, status, "{answer:?}");
        answer.request_id();
    }
}

#[tokio::test]
async fn an_unannounced_body_is_cut_off_at_the_same_byte() {
    let house = House::start(with(Limits::default())).await;
    for (size, status) in [(LIMIT, 200), (LIMIT + 1, 413)] {
        let mut client = house.client().await;
        client.send("POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        let _ = client.try_send(format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size))).await;
        assert_eq!(client.answer().await.status, status);
    }
}

#[tokio::test]
async fn an_announced_flood_is_refused_and_the_answer_arrives_while_it_is_sent() {
    let house = House::start(with(Limits::default())).await;
    let mut client = house.client().await;
    client.send("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n").await;
    let _ = client.try_send("x".repeat(8 * LIMIT)).await;
    assert_eq!(client.answer().await.status, 413);
}

#[tokio::test]
async fn a_body_with_a_wrong_end_is_malformed() {
    let house = House::start(with(Limits::default())).await;
    let mut client = house.client().await;
    client.send("POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    assert_eq!(client.answer().await.status, 400);
}
