//! The policies by name.

/// What is kept of windows that are no longer new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: the oldest window makes room.
    Fifo,
    /// An even sample of all that there was (Vitter, 1985).
    Reservoir,
    /// Those that differ most from each other (Purushwalkam et al., 2022).
    Minred,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fifo, Self::Reservoir, Self::Minred];

    /// The word in configurations.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fifo => "fifo",
            Self::Reservoir => "reservoir",
            Self::Minred => "minred",
        }
    }
}
