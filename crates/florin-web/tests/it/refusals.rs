//! Requests that reach no handler, and handlers that reach no answer.

use florin_web::Limits;

use crate::house::{House, with};

#[tokio::test]
async fn plain_http_is_refused_in_words_and_never_redirected() {
    let house = House::start(with(Limits::default())).await;
    let mut plain = house.tcp().await;
    plain.send("POST /length?x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer abc\r\nContent-Length: 3\r\n\r\nabc").await;

    let answer = plain.answer().await;

    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("HTTPS only") && answer.body.contains("replace it"), "{answer:?}");
    assert!(!answer.fields.contains_key("location"), "{answer:?}");
    answer.request_id();
    assert!(plain.closed().await.is_empty());
    assert_eq!(house.handled(), 0);
}

/// Bodies with two lengths, or with one that two servers could read differently.
const SMUGGLERS: [&str; 7] = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "tRANSFER-eNCODING:chunked\r\nX: y\r\ncONTENT-lENGTH:5",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Content-Length: 5\r\nContent-Length: 6",
];

#[tokio::test]
async fn a_body_with_two_lengths_is_refused_and_the_connection_closed() {
    let house = House::start(with(Limits::default())).await;
    for fields in SMUGGLERS {
        let mut client = house.client().await;
        client
            .send(format!(
                "POST /length HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
            ))
            .await;

        let answer = client.answer().await;

        assert_eq!(answer.status, 400, "{fields}: {answer:?}");
        answer.request_id();
        assert!(client.closed().await.is_empty(), "nothing that followed was answered: {fields}");
    }
    assert_eq!(house.handled(), 0);
}

#[tokio::test]
async fn a_smuggler_is_found_byte_by_byte_and_behind_honest_requests() {
    let house = House::start(with(Limits::default())).await;
    let mut client = house.client().await;
    client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").await;
    assert_eq!((client.answer().await.status, client.answer().await.body.as_str()), (200, "3"));
    for byte in b"POST /length HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" {
        client.send([*byte]).await;
    }

    assert_eq!(client.answer().await.status, 400);

    assert!(client.closed().await.is_empty());
    assert_eq!(house.handled(), 2);
}

#[tokio::test]
async fn nonsense_gets_a_sentence_and_a_request_id() {
    let house = House::start(with(Limits::default())).await;
    for nonsense in ["GET\r\n\r\n", "\u{1}\u{2}\u{3}\r\n\r\n", "GET / HTTP/1.1\r\nNo colon\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let mut client = house.client().await;
        client.send(nonsense).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (400, "The request is malformed.\n"), "{nonsense:?}");
        answer.request_id();
        assert!(client.closed().await.is_empty());
    }
}

#[tokio::test]
async fn a_handler_that_panics_says_nothing_of_the_inside() {
    let house = House::start(with(Limits::default())).await;
    let mut client = house.client().await;

    let answer = client.get("/panic").await;

    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("inside"), "{answer:?}");
    answer.request_id();
    assert_eq!(client.get("/hello").await.body, "hello", "the connection goes on");
}
