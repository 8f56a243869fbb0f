//! liblsl's own settings, as far as they decide who finds whom.
//!
//! Reads one file; runs on the main thread. Invariant: what is not said has liblsl's default, and a file that cannot be
//! read is told of, not passed over.

use std::ffi::OsString;
use std::path::PathBuf;

/// What liblsl goes by.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// Only streams of one session find each other.
    pub session: String,
    /// Computers that are asked directly, whatever multicast does.
    pub known_peers: Vec<String>,
    /// How far a search goes: machine, link, site, organization, global.
    pub scope: String,
    /// The first of the ports of streams.
    pub base_port: u16,
    /// How many there are.
    pub port_range: u16,
    /// The port that is asked by multicast.
    pub multicast_port: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            file: None,
            session: "default".to_owned(),
            known_peers: Vec::new(),
            scope: "site".to_owned(),
            base_port: 16_572,
            port_range: 32,
            multicast_port: 16_571,
        }
    }
}

/// Where liblsl looks, in its order; the first file that is there counts.
pub fn places(environment: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let named = environment("LSLAPICFG").filter(|name| !name.is_empty()).map(PathBuf::from);
    let home = environment("HOME").map(|home| PathBuf::from(home).join("lsl_api/lsl_api.cfg"));
    let here = PathBuf::from("lsl_api.cfg");
    named.into_iter().chain([here]).chain(home).chain([PathBuf::from("/etc/lsl_api/lsl_api.cfg")]).collect()
}

impl Settings {
    /// The settings that count here.
    ///
    /// # Errors
    /// In words, if the file that counts cannot be read.
    pub fn read(places: &[PathBuf]) -> Result<Self, String> {
        let Some(file) = places.iter().find(|place| place.is_file()) else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Self { file: Some(file.clone()), ..Self::parse(&text) })
    }

    /// What a file says; lines that are neither sections nor pairs are nothing, as for liblsl.
    fn parse(text: &str) -> Self {
        let (mut found, mut section) = (Self::default(), String::new());
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with([';', '#'])) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                section = name.trim().to_lowercase();
            } else if let Some((key, value)) = line.split_once('=') {
                found.set(&section, key.trim(), value.trim());
            }
        }
        found
    }

    fn set(&mut self, section: &str, key: &str, value: &str) {
        let number = || value.parse().ok();
        match (section, key) {
            ("lab", "SessionID") => self.session = value.to_owned(),
            ("lab", "KnownPeers") => {
                let inside = value.trim_start_matches('{').trim_end_matches('}');
                self.known_peers =
                    inside.split(',').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect();
            }
            ("multicast", "ResolveScope") => self.scope = value.to_lowercase(),
            ("ports", "BasePort") => self.base_port = number().unwrap_or(self.base_port),
            ("ports", "PortRange") => self.port_range = number().unwrap_or(self.port_range),
            ("ports", "MulticastPort") => self.multicast_port = number().unwrap_or(self.multicast_port),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_liblsl_reads_it() {
        let text = "; a comment\n[ports]\nBasePort = 17000\nPortRange=8\n[multicast]\nResolveScope = machine\n\
                    [lab]\nKnownPeers = {10.0.0.2, eeg-pc}\nSessionID = room-3\nnonsense\n";
        let found = Settings::parse(text);
        assert_eq!((found.base_port, found.port_range, found.multicast_port), (17_000, 8, 16_571));
        assert_eq!((found.scope.as_str(), found.session.as_str()), ("machine", "room-3"));
        assert_eq!(found.known_peers, ["10.0.0.2", "eeg-pc"]);
        assert_eq!(Settings::parse("[lab]\nKnownPeers = {}\n"), Settings::default());
    }

    #[test]
    fn the_named_file_comes_first_and_defaults_where_there_is_none() {
        let environment = |name: &str| match name {
            "LSLAPICFG" => Some("/x/lab.cfg".into()),
            "HOME" => Some("/home/a".into()),
            _ => None,
        };
        let found = places(&environment);
        assert_eq!(found[0], PathBuf::from("/x/lab.cfg"));
        assert!(found.contains(&PathBuf::from("/home/a/lsl_api/lsl_api.cfg")));
        assert_eq!(Settings::read(&[PathBuf::from("/no/such.cfg")]).unwrap(), Settings::default());
    }
}
