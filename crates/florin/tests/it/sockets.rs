//! Callers that misbehave below HTTP's good manners: each is shown the door, and nobody else notices.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::cast::{Florin, tls_that_trusts};
use crate::cast::{Wish, story};

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn port(florin: &Florin) -> u16 {
    florin.http.base().port().expect("a port")
}

fn plain(florin: &Florin) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port(florin))).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(25))).expect("a timeout can be set");
    stream
}

fn dial(florin: &Florin) -> Tls {
    let ca = std::fs::read(&florin.sandbox.ca_cert).expect("the authority's file");
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(tls_that_trusts(&ca)), name).expect("a connection");
    StreamOwned::new(connection, plain(florin))
}

/// Reads until the server has said what it has to say: its close, or the end of one answer.
fn hears_out(stream: &mut impl Read) -> String {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => heard.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the server neither answered nor hung up")
            }
            Err(_) => break,
        }
        let text = String::from_utf8_lossy(&heard);
        let length = text.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if let (Some((_, body)), Some(length)) = (text.split_once("\r\n\r\n"), length)
            && body.len() >= length.trim().parse().unwrap_or(0)
        {
            break;
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// Sends raw bytes over TLS and hears the server out.
fn says(florin: &Florin, request: &str) -> String {
    let mut stream = dial(florin);
    // The server may hang up before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.flush();
    hears_out(&mut stream)
}

#[track_caller]
fn is_answered(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "expected {status}: {answer:.300}");
}

story! {
    fn a_flood_of_headers_is_too_much(florin) {
        let many = (0..200).map(|number| format!("x-flood-{number}: y")).collect::<Vec<_>>().join("\r\n");
        is_answered(&says(florin, &format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{many}\r\n\r\n")), 431);
        let long = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-flood: {}\r\n\r\n", "y".repeat(200 * 1024));
        is_answered(&says(florin, &long), 431);
        let path = "x".repeat(200 * 1024);
        let answer = says(florin, &format!("GET /{path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
        assert!(["414", "431", "400"].iter().any(|status| answer.starts_with(&format!("HTTP/1.1 {status}"))), "{answer:.200}");
        florin.http.get("/healthz").is(200);
    }
}

story! {
    fn a_length_and_an_encoding_together_are_refused(florin) {
        let shop = florin.shop(0);
        let body = r#"{"data":{"amount":5,"reference":"smuggled"}}"#;
        for framing in [
            format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", body.len()),
            format!("transfer-encoding: chunked\r\ncontent-length: {}\r\n", body.len()),
            "content-length: 5\r\ncontent-length: 6\r\n".to_owned(),
            "content-length: -1\r\n".to_owned(),
            "transfer-encoding: chunked, identity\r\n".to_owned(),
        ] {
            let head = format!(
                "POST {} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{framing}\r\n",
                shop.create_path(),
                shop.token
            );
            let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
            is_answered(&says(florin, &(head + &chunked)), 400);
        }
        assert_eq!(florin.books().count("orders"), 0);
    }
}

story! {
    fn plain_http_is_told_to_use_https_and_never_redirected(florin) {
        let shop = florin.shop(0);
        for request in [
            "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(),
            format!("GET {} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n", shop.connection_path(), shop.token),
            "POST /x HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}".to_owned(),
        ] {
            let mut stream = plain(florin);
            stream.write_all(request.as_bytes()).expect("a line goes out");
            let answer = hears_out(&mut stream);
            is_answered(&answer, 403);
            assert!(answer.to_lowercase().contains("https"), "{answer}");
            assert!(!answer.to_lowercase().contains("location:"), "{answer}");
        }
    }
}

story! {
    fn nonsense_on_the_wire_ends_in_an_error_or_a_close(florin) {
        for noise in ["\0\0\0\0\0\0\0\0\r\n\r\n", "HELLO\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02garbage that looks like a handshake"] {
            let mut stream = plain(florin);
            let _ = stream.write_all(noise.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            hears_out(&mut stream);
        }
        for noise in ["\0\0\0\0\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET / HTTP/1.1\r\n: empty\r\n\r\n", "G\u{e9}T / HTTP/1.1\r\n\r\n"] {
            let answer = says(florin, noise);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{noise:?}: {answer}");
        }
        florin.http.get("/healthz").is(200);
    }
}

story! {
    fn slow_callers_are_hung_up_on_while_others_are_served(florin) {
        let shop = florin.shop(0);
        let begun = Instant::now();
        // One that says nothing, one that stops inside TLS, forty that never end their headers, one that never ends its body.
        let mut silent = plain(florin);
        let mut half = plain(florin);
        half.write_all(b"\x16\x03\x01\x02\x00\x01").expect("a few bytes go out");
        let mut slow: Vec<Tls> = (0..40).map(|_| dial(florin)).collect();
        for stream in &mut slow {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ").expect("half a header goes out");
            stream.flush().expect("it is sent");
        }
        let mut body = dial(florin);
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
            shop.create_path(),
            shop.token
        );
        body.write_all(head.as_bytes()).expect("half a body goes out");
        body.flush().expect("it is sent");

        shop.creates(&Wish::of(200.0));
        let last: Vec<String> = slow.iter_mut().map(hears_out).collect();
        assert!(last.iter().all(|answer| answer.is_empty() || answer.starts_with("HTTP/1.1 408")), "{last:?}");
        hears_out(&mut silent);
        hears_out(&mut half);
        let cut = hears_out(&mut body);
        assert!(cut.is_empty() || cut.starts_with("HTTP/1.1 4"), "{cut}");
        assert!(begun.elapsed() < Duration::from_secs(25), "all were gone after {:?}", begun.elapsed());
        assert_eq!(florin.books().count("orders"), 1);
    }
}

story! {
    fn a_caller_that_leaves_in_the_middle_changes_nothing(florin) {
        let shop = florin.shop(0);
        for _ in 0..50 {
            let mut stream = dial(florin);
            let head = format!(
                "POST {} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"data\":",
                shop.create_path(),
                shop.token
            );
            stream.write_all(head.as_bytes()).expect("half a body goes out");
            stream.flush().expect("it is sent");
            drop(stream);
        }
        shop.creates(&Wish::of(200.0));
        assert_eq!(florin.books().count("orders"), 1);
    }
}
