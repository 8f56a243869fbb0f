//! What this computer's network lets LSL do.
//!
//! Opens sockets for a moment and closes them; runs on the main thread. Invariant: nothing is sent beyond one small
//! message to LSL's own multicast group.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::time::Duration;

/// The group that liblsl asks within a site.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 172, 215);
/// How long a message to ourselves may take.
const ECHO: Duration = Duration::from_millis(500);

/// An interface, as the system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `eth0`.
    pub name: String,
    /// Is it switched on?
    pub is_up: bool,
    /// Does it carry multicast?
    pub multicast: bool,
    /// Is it the computer's own, to itself?
    pub loopback: bool,
}

/// The interfaces of this computer, or of the container that it runs in; none where the system does not say.
pub fn interfaces() -> Vec<Interface> {
    let listed = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    let names = listed.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    let mut all: Vec<Interface> = names
        .filter_map(|name| {
            let flags = std::fs::read_to_string(format!("/sys/class/net/{name}/flags")).ok()?;
            let flags = u32::from_str_radix(flags.trim().trim_start_matches("0x"), 16).ok()?;
            // IFF_UP, IFF_LOOPBACK and IFF_MULTICAST of netdevice(7).
            let (is_up, loopback, multicast) = (flags & 1 != 0, flags & 8 != 0, flags & 0x1000 != 0);
            Some(Interface { name: name.to_owned(), is_up, multicast, loopback })
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// Sends one message to LSL's group and waits for it to come back.
///
/// # Errors
/// If it cannot be sent or does not come back.
pub fn multicast_echo() -> io::Result<()> {
    let ear = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    ear.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED)?;
    ear.set_read_timeout(Some(ECHO))?;
    let mouth = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let message = format!("neurostream doctor {}", mouth.local_addr()?.port());
    mouth.send_to(message.as_bytes(), (GROUP, ear.local_addr()?.port()))?;
    let mut heard = [0; 64];
    loop {
        let length = ear.recv(&mut heard)?;
        if heard.get(..length) == Some(message.as_bytes()) {
            return Ok(());
        }
    }
}

/// How many of these ports are free, for UDP and TCP both.
pub fn free_ports(first: u16, count: u16) -> usize {
    let is_free = |port: &u16| {
        let at = (Ipv4Addr::UNSPECIFIED, *port);
        UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok()
    };
    (first..first.saturating_add(count)).filter(is_free).count()
}

/// The address of a computer by its name or number.
///
/// # Errors
/// If the name is not known.
pub fn address_of(peer: &str) -> io::Result<SocketAddr> {
    (peer, 0).to_socket_addrs()?.next().ok_or_else(|| io::Error::other("it has no address"))
}
