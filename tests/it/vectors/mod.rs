//! Reference losses and gradients made with PyTorch in double precision.
//!
//! `NEUROSTREAM_VECTORS=DIR cargo test vectors` runs the same tests on any folder of the shape of `../shared/vectors/ssl`, and
//! `cargo test --features ndarray vectors` on burn's ndarray backend.

mod buffers;
mod byol;
mod case;
mod conv;
mod cpc;
mod ema;
mod encoder;
mod gru;
mod mae;
mod metrics;
mod mixup;
mod moco;
mod ntxent;
mod optim;
mod other_folder;
