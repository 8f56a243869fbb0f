//! What is answered to a request: the text of the metrics, or why there is none.
//!
//! Pure. Invariant: whatever comes in gets one answer of HTTP/1.1 and no more, or is not a whole request yet.

use super::exposition::CONTENT_TYPE;

/// The longest head of a request.
pub(super) const LONGEST: usize = 8192;
/// Headers that a request may have.
const HEADERS: usize = 64;

/// The answer to what has come so far; none while the request is not whole.
pub(super) fn answer(come: &[u8], metrics: impl FnOnce() -> Option<String>) -> Option<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let (status, body) = match request.parse(come) {
        Ok(httparse::Status::Partial) if come.len() < LONGEST => return None,
        Ok(httparse::Status::Partial) => ("431 Request Header Fields Too Large", Err("the request is too long\n")),
        Err(_) => ("400 Bad Request", Err("this is no request of HTTP\n")),
        Ok(httparse::Status::Complete(_)) => {
            let path = request.path.unwrap_or_default().split('?').next().unwrap_or_default();
            match (request.method.unwrap_or_default(), path) {
                ("GET" | "HEAD", "/metrics") => match metrics() {
                    Some(text) => ("200 OK", Ok(text)),
                    None => ("503 Service Unavailable", Err("the run has only just begun\n")),
                },
                ("GET" | "HEAD", "/") => ("200 OK", Err("neurostream: the metrics of this run are at /metrics\n")),
                ("GET" | "HEAD", _) => ("404 Not Found", Err("there is /metrics and nothing else\n")),
                _ => ("405 Method Not Allowed", Err("only GET and HEAD\n")),
            }
        }
    };
    let (kind, body) = match &body {
        Ok(text) => (CONTENT_TYPE, text.as_str()),
        Err(words) => ("text/plain; charset=utf-8", *words),
    };
    let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{allow}Connection: close\r\n\r\n"
    );
    let body = if request.method == Some("HEAD") { "" } else { body };
    Some([head.as_bytes(), body.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(request: &str) -> String {
        String::from_utf8(answer(request.as_bytes(), || Some("a 1\n".to_owned())).unwrap()).unwrap()
    }

    #[test]
    fn each_request_gets_its_answer() {
        let metrics = told("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(metrics.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"), "{metrics}");
        assert!(metrics.ends_with("Content-Length: 4\r\nConnection: close\r\n\r\na 1\n"), "{metrics}");
        let head = told("HEAD /metrics HTTP/1.1\r\n\r\n");
        assert!(head.contains("Content-Length: 4\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "200"),
            ("GET /other HTTP/1.1\r\n\r\n", "404"),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405"),
            ("\u{16}\u{3}\u{1}", "400"),
        ] {
            let told = told(request);
            assert!(told.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {told}");
        }
        let early = answer(b"GET /metrics HTTP/1.1\r\n\r\n", || None).unwrap();
        assert!(early.starts_with(b"HTTP/1.1 503"));
        assert_eq!(answer(b"GET /metrics HTTP/1.1\r\nHost: ", || Some(String::new())), None);
        let long = format!("GET /metrics HTTP/1.1\r\nA: {}", "a".repeat(LONGEST));
        assert!(told(&long).starts_with("HTTP/1.1 431"));
    }

    proptest! {
        #[test]
        fn whatever_comes_gets_one_answer_or_is_not_whole(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let answer = answer(&bytes, || None);
            prop_assert!(answer.is_none_or(|told| told.starts_with(b"HTTP/1.1 ")));
        }
    }
}
