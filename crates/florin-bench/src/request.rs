//! Requests in HTTP/1.1, written down once as the bytes that are sent.
//!
//! They are written by hand, with no more headers than a server needs, so that writing and reading them weighs on no figure.

/// A request, as far as it has been written.
pub(crate) struct Request(String);

impl Request {
    pub(crate) fn get(host: &str, path: &str) -> Self {
        Self::begin("GET", host, path)
    }

    pub(crate) fn post(host: &str, path: &str) -> Self {
        Self::begin("POST", host, path)
    }

    /// On behalf of the holder of `token`.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// By the merchant whose API key this is.
    pub(crate) fn api_key(self, key: &str) -> Self {
        self.header("X-Api-Key", key)
    }

    /// The whole request, without a body.
    pub(crate) fn bare(self) -> Vec<u8> {
        format!("{}\r\n", self.0).into_bytes()
    }

    /// The whole request, with this JSON.
    pub(crate) fn json(self, body: &str) -> Vec<u8> {
        self.body("application/json", body)
    }

    /// The whole request, with the fields of a form.
    pub(crate) fn form(self, body: &str) -> Vec<u8> {
        self.body("application/x-www-form-urlencoded", body)
    }

    fn begin(method: &str, host: &str, path: &str) -> Self {
        Self(format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n"))
    }

    fn header(self, name: &str, value: &str) -> Self {
        Self(format!("{}{name}: {value}\r\n", self.0))
    }

    fn body(self, kind: &str, body: &str) -> Vec<u8> {
        let length = body.len().to_string();
        let head = self.header("Content-Type", kind).header("Content-Length", &length);
        format!("{}\r\n{body}", head.0).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_its_headers_an_empty_line_and_its_body() {
        let request = Request::post("h:1", "/p?q=1").api_key("k").bearer("t").json("{}");
        let expected = "POST /p?q=1 HTTP/1.1\r\nHost: h:1\r\nX-Api-Key: k\r\nAuthorization: Bearer t\r\n\
            Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(request).unwrap(), expected);
        assert_eq!(Request::get("h", "/").bare(), b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
}
