//! Reading the reference files, and comparing within their tolerances.

use burn::tensor::{Device, Tensor, TensorData};
use neurostream::learn::nn::{Backend, Compute, Kernels};
use serde_json::Value;
use std::path::PathBuf;

/// The backend that was asked for when this was built, the usual one if none was, with these kernels where it has them.
pub fn compute(kernels: Kernels) -> Compute {
    let backend = Backend::ALL.last().copied().unwrap_or_default();
    Compute::new(backend, kernels)
}

/// Where the cases are computed.
pub fn device() -> Device {
    compute(Kernels::default()).training()
}

/// The kernels that this backend has.
pub fn kernels() -> &'static [Kernels] {
    if compute(Kernels::default()).kernels() == Kernels::Own { &Kernels::ALL } else { &Kernels::ALL[1..] }
}

/// One case of a family.
pub struct Case(pub Value);

/// The cases of a family; `None` where the reference files are not here, which is said, and is a failure in CI.
#[expect(clippy::print_stdout, reason = "the test runner shows why a test was skipped")]
pub fn family(name: &str) -> Option<Vec<Case>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/ssl");
    let named = std::env::var_os("NEUROSTREAM_VECTORS").map(PathBuf::from);
    let path = named.as_ref().unwrap_or(&here).join(format!("{name}.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Whoever names a folder wants it tested.
        assert!(named.is_none() && std::env::var_os("CI").is_none(), "{} is missing", path.display());
        println!("skipped: {} is not here", path.display());
        return None;
    };
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let Value::Array(cases) = file["cases"].take() else { panic!("{name} has no cases") };
    assert!(!cases.is_empty());
    Some(cases.into_iter().map(Case).collect())
}

impl Case {
    pub fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    pub fn param(&self, name: &str) -> f64 {
        self.0["params"][name].as_f64().unwrap_or_else(|| panic!("{}: no parameter {name}", self.name()))
    }

    /// A parameter that a case may leave out.
    pub fn param_or(&self, name: &str, default: f64) -> f64 {
        self.0["params"][name].as_f64().unwrap_or(default)
    }

    pub fn number(&self, group: &str, name: &str) -> f64 {
        self.0[group][name].as_f64().unwrap_or_else(|| panic!("{}: no {group}.{name}", self.name()))
    }

    pub fn has(&self, group: &str, name: &str) -> bool {
        !self.0[group][name].is_null()
    }

    /// Whole numbers, written as a tensor or as a list.
    pub fn places(&self, group: &str, name: &str) -> Vec<usize> {
        let value = &self.0[group][name];
        let list = value.as_array().or_else(|| value["data"].as_array());
        let list = list.unwrap_or_else(|| panic!("{}: no {group}.{name}", self.name()));
        list.iter().map(|v| v.as_f64().unwrap() as usize).collect()
    }

    pub fn shape(&self, group: &str, name: &str) -> Vec<usize> {
        let shape = self.0[group][name]["shape"].as_array().unwrap();
        shape.iter().map(|n| usize::try_from(n.as_u64().unwrap()).unwrap()).collect()
    }

    pub fn values(&self, group: &str, name: &str) -> Vec<f64> {
        let data = self.0[group][name]["data"].as_array();
        data.unwrap_or_else(|| panic!("{}: no {group}.{name}", self.name()))
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect()
    }

    pub fn singles(&self, group: &str, name: &str) -> Vec<f32> {
        self.values(group, name).into_iter().map(|v| v as f32).collect()
    }

    /// An input as a tensor that takes gradients.
    pub fn input<const D: usize>(&self, name: &str) -> Tensor<D> {
        let data = TensorData::new(self.singles("inputs", name), self.shape("inputs", name));
        Tensor::from_data(data, &device()).require_grad()
    }

    /// Ill-conditioned on purpose, or computed by a backend that adds in an order which loses more: judged more leniently.
    fn is_extreme(&self) -> bool {
        cfg!(any(feature = "ndarray", feature = "gpu"))
            || ["large", "tiny", "collapsed", "total_collapse", "tau0.01"].iter().any(|word| self.name().contains(word))
    }

    /// A loss in single precision within the tolerance of the reference.
    pub fn check_loss(&self, got: f64, want: f64) {
        self.check_number("loss", got, want);
    }

    /// Any other number that comes from inputs of single precision.
    pub fn check_number(&self, what: &str, got: f64, want: f64) {
        let tolerance = if self.is_extreme() { 1e-3 } else { 2e-5 };
        assert!((got - want).abs() <= tolerance * want.abs() + 1e-7, "{}: {what} {got} is not {want}", self.name());
    }

    /// Gradients, or any other tensor, in single precision within the tolerance of the reference.
    pub fn check_tensor(&self, what: &str, got: &[f32], want: &[f64]) {
        assert_eq!(got.len(), want.len(), "{}: size of {what}", self.name());
        let largest = want.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        // Where the true gradient is nothing but the cancellation of large terms, single precision leaves their rounding.
        let (relative, floor) = if self.is_extreme() { (1e-3, 0.1) } else { (2e-4, 1e-3) };
        for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
            let off = (f64::from(g) - w).abs();
            assert!(
                off <= relative * w.abs() + 1e-6 * largest.max(floor),
                "{}: {what}[{i}] = {g}, not {w}",
                self.name()
            );
        }
    }
}

/// The values of a tensor.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    neurostream::learn::parameters::values_of(tensor)
}
