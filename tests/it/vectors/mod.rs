//! Reference losses and gradients made with PyTorch in double precision.
//!
//! `NEUROSTREAM_VECTORS=DIR cargo test vectors` runs the same tests on any folder of the shape of `../shared/vectors/ssl`.

mod byol;
mod case;
mod cpc;
mod ema;
mod moco;
mod optim;
