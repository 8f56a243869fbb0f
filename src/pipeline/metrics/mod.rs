//! Metrics: how a run does, for Prometheus, on an address of this computer alone.
//!
//! [`MetricsServer`] is bound before the run and served by the thread `metrics`. Invariant: what is told is what stages count
//! by themselves; nobody on the data path knows that somebody asks.

mod answer;
mod exposition;
mod figures;
mod server;

pub use server::{ListenError, MetricsServer};

use std::net::{Ipv4Addr, SocketAddr};

/// The address that is meant, if it is one of this computer alone.
pub(super) fn address(written: &str) -> Option<SocketAddr> {
    let named = written.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let address = named.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    address.or_else(|| written.parse().ok()).filter(|address: &SocketAddr| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn only_addresses_of_this_computer_are_taken() {
        for (written, meant) in [
            ("127.0.0.1:9464", Some("127.0.0.1:9464")),
            ("localhost:0", Some("127.0.0.1:0")),
            ("[::1]:9464", Some("[::1]:9464")),
            ("127.3.2.1:80", Some("127.3.2.1:80")),
            ("0.0.0.0:9464", None),
            ("192.168.1.4:9464", None),
            ("[::]:9464", None),
            ("127.0.0.1", None),
            (":9464", None),
            ("localhost", None),
            ("localhost:99999", None),
            ("example.org:9464", None),
            ("", None),
        ] {
            assert_eq!(address(written).map(|a| a.to_string()).as_deref(), meant, "{written}");
        }
    }
}
