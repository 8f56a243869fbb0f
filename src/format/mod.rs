//! Files: recordings, embeddings, prepared windows, and how they are written safely.

pub mod atomic;
pub mod digest;
pub mod disk;
#[cfg(test)]
pub(crate) mod disk_faults;
pub mod edf;
pub mod embedding;
mod parquet;
mod run_name;
pub mod store;
pub mod windows;
pub mod xdf;

/// What the system said of a file that cannot be opened, and what to do where that is plain.
fn unopened(source: &std::io::Error) -> String {
    let advice = if source.kind() == std::io::ErrorKind::NotFound {
        "; correct its name, which counts from the folder that the program is started in"
    } else {
        ""
    };
    format!("{source}{advice}")
}
