//! Messages: a length, then as much CBOR.
//!
//! Pure but for reading and writing. Invariant: no length is believed beyond a bound, so that neither end can make the other
//! take memory without end.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, Read};

/// The longest message towards a viewer: a View of thousands of channels; and towards a run.
pub(super) const LONGEST_VIEW: usize = 1 << 28;
pub(super) const LONGEST_COMMAND: usize = 1 << 16;
/// Bytes of a length.
const LENGTH: usize = 4;

/// What either end says first. Views are of one version of the program alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(super) struct Hello {
    pub program: String,
    pub version: String,
    /// From a viewer: it wants its commands carried out.
    pub control: bool,
}

impl Hello {
    pub fn new(control: bool) -> Self {
        Self { program: "neurostream".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), control }
    }
}

/// A message as it is sent.
pub(super) fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; LENGTH];
    ciborium::into_writer(value, &mut bytes).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len() - LENGTH).map_err(io::Error::other)?;
    bytes[..LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// The first message of what has come so far, taken out of it; none while it is not whole.
pub(super) fn decode<T: DeserializeOwned>(come: &mut Vec<u8>, longest: usize) -> io::Result<Option<T>> {
    let Some(length) = come.first_chunk::<LENGTH>() else { return Ok(None) };
    let end = LENGTH + bounded(*length, longest)?;
    let Some(message) = come.get(LENGTH..end) else { return Ok(None) };
    let value = ciborium::from_reader(message).map_err(io::Error::other)?;
    come.drain(..end);
    Ok(Some(value))
}

/// Waits for a message.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read, longest: usize) -> io::Result<T> {
    let mut length = [0; LENGTH];
    from.read_exact(&mut length)?;
    let mut message = vec![0; bounded(length, longest)?];
    from.read_exact(&mut message)?;
    ciborium::from_reader(message.as_slice()).map_err(io::Error::other)
}

fn bounded(length: [u8; LENGTH], longest: usize) -> io::Result<usize> {
    let length = u32::from_le_bytes(length) as usize;
    let is_bounded = length <= longest;
    is_bounded.then_some(length).ok_or_else(|| io::Error::other(format!("a message of {length} bytes is too long")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::command::Command;

    #[test]
    fn messages_come_out_whole_however_they_were_cut() {
        let commands = [Command::SwapNow, Command::Label("Augen zu".to_owned()), Command::PauseTraining(true)];
        let sent: Vec<u8> = commands.iter().flat_map(|command| encode(command).unwrap()).collect();
        let (mut come, mut out) = (Vec::new(), Vec::new());
        for byte in sent {
            come.push(byte);
            while let Some(command) = decode::<Command>(&mut come, LONGEST_COMMAND).unwrap() {
                out.push(command);
            }
        }
        assert_eq!((out.as_slice(), come.len()), (&commands[..], 0));
    }

    #[test]
    fn what_is_no_message_is_an_error_and_takes_no_memory() {
        assert!(decode::<Command>(&mut vec![0xff; 8], LONGEST_COMMAND).is_err(), "4 GB");
        assert!(read::<Command>(&mut &[0xff_u8; 8][..], LONGEST_COMMAND).is_err());
        assert!(decode::<Command>(&mut vec![1, 0, 0, 0, 0xff], LONGEST_COMMAND).is_err());
        assert!(read::<Hello>(&mut &[9_u8, 0, 0, 0, 1][..], LONGEST_COMMAND).is_err(), "cut off");
        assert!(decode::<Command>(&mut vec![9, 0, 0, 0, 1], LONGEST_COMMAND).unwrap().is_none());
    }
}
