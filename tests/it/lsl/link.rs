//! Two computers on one network, as far as liblsl can tell: network namespaces that are joined by a cable.
//!
//! Owns the far side's programs; runs in the test's process. Invariant: both sides have addresses of their own, so nothing
//! that passes between them has gone over loopback, and all of it ends with the test.

use super::rig::{INSIDE, Peer, Rig, namespace, python, skip};
use neurostream::lsl::Library;
use std::path::Path;
use std::process::Command;

/// What lies between the two computers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// A cable: multicast passes.
    Cable,
    /// A router: it passes on what is sent to one address, and no multicast.
    Router,
}

/// Where the far side is.
const FAR: &str = "10.77.2.2";
/// Makes the far side (and a router's, if asked for) in namespaces that processes hold open, then runs the test.
const SCRIPT: &str = r#"
set -e
ip link set lo up
unshare -n sleep 170 & far=$!
while [ "$(readlink /proc/$far/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
on_far() { nsenter -t "$far" -n "$@"; }
on_far ip link set lo up
if [ "$BETWEEN" = Router ]; then
    unshare -n sleep 170 & router=$!
    while [ "$(readlink /proc/$router/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    on_router() { nsenter -t "$router" -n "$@"; }
    ip link add near0 type veth peer name r0 netns "$router"
    on_far ip link add far0 type veth peer name r1 netns "$router"
    on_router sh -c 'ip addr add 10.77.1.1/24 dev r0; ip addr add 10.77.2.1/24 dev r1; ip link set lo up
                     ip link set r0 up; ip link set r1 up; echo 1 >/proc/sys/net/ipv4/ip_forward'
    ip addr add 10.77.1.2/24 dev near0
    on_far ip addr add 10.77.2.2/24 dev far0
else
    ip link add near0 type veth peer name far0 netns "$far"
    ip addr add 10.77.2.1/24 dev near0
    on_far ip addr add 10.77.2.2/24 dev far0
fi
ip link set near0 up
on_far ip link set far0 up
if [ "$BETWEEN" = Router ]; then
    ip route add default via 10.77.1.1
    on_far ip route add default via 10.77.2.1
else
    ip route add 224.0.0.0/4 dev near0
    on_far ip route add 224.0.0.0/4 dev far0
fi
FAR_PID=$far timeout -k 5 150 "$@" && ok=0 || ok=$?
kill $far $router
exit $ok
"#;

/// A far side, and what it takes to get there.
pub struct Link<'a> {
    rig: &'a Rig,
    far: String,
}

/// Runs `body` on one of two computers; `test` is the test function, whose path names it.
pub fn on_link<T>(test: &T, between: Between, body: impl FnOnce(&Rig, &Link<'_>)) {
    let python = match python("pylsl") {
        Ok(python) => python,
        Err(why) => return skip(&why),
    };
    if std::env::var_os(INSIDE).is_some() {
        let library = Library::load(None).expect("the Python environment brings liblsl");
        let rig = Rig::new(library, python);
        let far = std::env::var("FAR_PID").unwrap();
        return body(&rig, &Link { rig: &rig, far });
    }
    let flags = match namespace().and_then(|flags| can_join(flags).map(|()| flags)) {
        Ok(flags) => flags,
        Err(why) => return skip(&why),
    };
    let name = std::any::type_name_of_val(test).split_once("::").expect("a path").1;
    let mut command = Command::new("unshare");
    command.args([flags, "--", "sh", "-c", SCRIPT, "_"]).env("BETWEEN", format!("{between:?}"));
    super::rig::run_inside(command, name, &settings(name, between), &python);
}

/// As a lab would set it: nothing but the session, and behind a router the other computer's address.
fn settings(name: &str, between: Between) -> String {
    let peers = if between == Between::Router { format!("KnownPeers = {{{FAR}}}\n") } else { String::new() };
    let session = name.replace("::", "-");
    format!("[ports]\nIPv6 = disable\n[lab]\n{peers}SessionID = {session}\n[log]\nlevel = -2\n")
}

/// Whether this kernel can lay a cable between namespaces.
fn can_join(flags: &str) -> Result<(), String> {
    let script = "unshare -n sleep 2 & far=$!; sleep 0.2; ip link add near0 type veth peer name far0 netns $far; \
                  made=$?; kill $far; exit $made";
    let tried = Command::new("unshare").args([flags, "--", "sh", "-c", script]).output();
    let works = tried.is_ok_and(|output| output.status.success());
    if works { Ok(()) } else { Err("no two network namespaces can be joined here (veth)".to_owned()) }
}

impl Link<'_> {
    /// Starts `tests/peers/outlet.py` on the far computer, and waits until it publishes.
    pub fn outlet(&self, arguments: &[&str]) -> Peer {
        let mut peer = self.peer("outlet.py", arguments);
        peer.line("ready");
        peer
    }

    /// Starts `tests/peers/SCRIPT` on the far computer.
    pub fn peer(&self, script: &str, arguments: &[&str]) -> Peer {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.far, "-n", "--"]).arg(self.rig.python());
        Peer::start(command.arg(file).args(arguments))
    }

    /// Pulls the plug, or puts it back.
    pub fn plug(&self, is_in: bool) {
        let state = if is_in { "up" } else { "down" };
        let set = |command: &mut Command| assert!(command.status().unwrap().success());
        set(Command::new("ip").args(["link", "set", "near0", state]));
        if is_in {
            // The kernel forgets routes over a link that goes down.
            let _ = Command::new("ip").args(["route", "add", "224.0.0.0/4", "dev", "near0"]).status();
        }
    }
}
