//! Graphics cards: which there are, and the one that trains.
//!
//! The only file that knows wgpu; called by whoever opens the card, once, before tensors are made on it. Without the feature
//! `gpu` there are none, which is said. Invariant: nothing here panics for want of a card.

/// The word for it in configurations.
pub const WORD: &str = "gpu";

/// Why there is no card to train on.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The program was built without.
    #[error(
        "this program was built without graphics cards; `cargo build --release --features gpu` builds one with them"
    )]
    NotBuilt,
    /// There is no card, or no driver for it.
    #[error(
        "there is no graphics adapter; a card needs its Vulkan driver (`vulkaninfo --summary` lists what that sees; without a \
         card, Mesa's mesa-vulkan-drivers computes on the processor, slowly)"
    )]
    None,
    /// The card refuses.
    #[error("the graphics adapter cannot be opened: {0}")]
    Refused(String),
}

/// A card, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// As its driver calls it.
    pub name: String,
    /// What kind it is, its interface and its driver.
    pub kind: String,
    /// True if it is the processor under another name.
    pub is_software: bool,
}

impl std::fmt::Display for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

#[cfg(all(feature = "gpu", test))]
pub use on_card::lose;
#[cfg(feature = "gpu")]
pub use on_card::{adapters, device, open};

#[cfg(not(feature = "gpu"))]
pub use without::{adapters, open};

#[cfg(not(feature = "gpu"))]
mod without {
    use super::{Adapter, CardError};

    /// All adapters of this computer.
    ///
    /// # Errors
    /// Always: this build has none.
    pub fn adapters() -> Result<Vec<Adapter>, CardError> {
        Err(CardError::NotBuilt)
    }

    /// Opens the card that trains.
    ///
    /// # Errors
    /// Always: this build has none.
    pub fn open() -> Result<Adapter, CardError> {
        Err(CardError::NotBuilt)
    }
}

#[cfg(feature = "gpu")]
mod on_card {
    use super::{Adapter, CardError};
    use burn::tensor::wgpu::{WgpuSetup, wgpu};
    use burn::tensor::{Device, DeviceKind};
    use std::pin::pin;
    use std::sync::{Mutex, PoisonError};
    use std::task::{Context, Poll, Waker};

    impl Adapter {
        fn of(info: &wgpu::AdapterInfo) -> Self {
            let is_software = info.device_type == wgpu::DeviceType::Cpu;
            let kind = match info.device_type {
                wgpu::DeviceType::DiscreteGpu => "discrete card",
                wgpu::DeviceType::IntegratedGpu => "integrated",
                wgpu::DeviceType::VirtualGpu => "virtual",
                wgpu::DeviceType::Cpu => "software on the processor",
                wgpu::DeviceType::Other => "of unknown kind",
            };
            let driver = [info.driver.as_str(), info.driver_info.as_str()].join(" ");
            let kind = format!("{kind}, {:?}, {}", info.backend, driver.trim());
            Self { name: info.name.clone(), kind: kind.trim_end_matches([',', ' ']).to_owned(), is_software }
        }
    }

    /// All adapters of this computer, by every interface that reaches them.
    ///
    /// # Errors
    /// If there are none.
    pub fn adapters() -> Result<Vec<Adapter>, CardError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        // Outside a browser the answer is there at once.
        let mut asked = pin!(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
        let Poll::Ready(found) = asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            return Err(CardError::None);
        };
        let found: Vec<Adapter> = found.iter().map(|adapter| Adapter::of(&adapter.get_info())).collect();
        if found.is_empty() { Err(CardError::None) } else { Ok(found) }
    }

    /// The card as burn addresses it: the best one, or what `CUBECL_WGPU_DEFAULT_DEVICE` names.
    #[must_use]
    pub fn device() -> Device {
        Device::wgpu(DeviceKind::DefaultDevice)
    }

    static OPENED: Mutex<Option<(Adapter, WgpuSetup)>> = Mutex::new(None);

    /// Opens the card that trains; the same one however often it is asked for.
    ///
    /// # Errors
    /// If there is none, or it refuses.
    pub fn open() -> Result<Adapter, CardError> {
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((adapter, _)) = &*opened {
            return Ok(adapter.clone());
        }
        adapters()?;
        let options = Device::wgpu_options().device_kind(DeviceKind::DefaultDevice);
        let (_, setup) = options.init_with_setup().map_err(|error| CardError::Refused(error.to_string()))?;
        let adapter = Adapter::of(&setup.adapter.get_info());
        *opened = Some((adapter.clone(), setup));
        Ok(adapter)
    }

    /// Takes the card away, as a driver does that resets it.
    #[cfg(test)]
    pub fn lose() {
        let opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, setup)) = &*opened {
            setup.device.destroy();
        }
    }
}
