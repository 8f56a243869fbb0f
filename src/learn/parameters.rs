//! Parameters of a module as named, flat values: for the optimiser, moving averages and files.
//!
//! Owns nothing; runs on the trainer's thread. Invariant: a module is always walked in the order of its fields, so two
//! modules of one type list the same names in the same order.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor, TensorData};

/// One parameter by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Field names from the module down, joined by dots: `encoder.blocks.0.conv.weight`.
    pub name: String,
    /// Lengths of its dimensions.
    pub shape: Vec<usize>,
    /// Its values, row-major.
    pub values: Vec<f32>,
}

/// Why values do not fit a module.
#[derive(Debug, thiserror::Error)]
pub enum MismatchError {
    /// A parameter of the module is not among the values.
    #[error("there is no parameter `{0}`: was it written by another encoder or method?")]
    Missing(String),
    /// A parameter has other dimensions.
    #[error(
        "parameter `{name}` has the shape {found:?}, and {wanted:?} is needed: other channels, widths or embedding?"
    )]
    Shape {
        /// Which.
        name: String,
        /// As found.
        found: Vec<usize>,
        /// As the module has it.
        wanted: Vec<usize>,
    },
}

#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    /// The variant of an enum is a choice and no layer: it bears no name.
    fn enter(&mut self, name: &str, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.push(name.to_owned());
        }
    }

    fn exit(&mut self, container: &str) {
        if !container.starts_with("Enum:") {
            self.0.pop();
        }
    }

    fn joined(&self) -> String {
        self.0.join(".")
    }
}

/// All parameters of a module.
#[must_use]
pub fn list<M: Module>(module: &M) -> Vec<Named> {
    struct Lister {
        path: Path,
        found: Vec<Named>,
    }
    impl ModuleVisitor for Lister {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            let (shape, values) = (tensor.dims().to_vec(), values_of(tensor));
            self.found.push(Named { name: self.path.joined(), shape, values });
        }
    }
    let mut lister = Lister { path: Path::default(), found: Vec::new() };
    module.visit(&mut lister);
    lister.found
}

/// The gradients of all parameters, in the same order; zeros where the loss does not depend on one.
#[must_use]
pub fn gradients<M: Module>(module: &M, gradients: &Gradients) -> Vec<Vec<f32>> {
    struct Collector<'a> {
        gradients: &'a Gradients,
        found: Vec<Vec<f32>>,
    }
    impl ModuleVisitor for Collector<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            let count = tensor.dims().iter().product();
            self.found.push(tensor.grad(self.gradients).map_or_else(|| vec![0.0; count], values_of));
        }
    }
    let mut collector = Collector { gradients, found: Vec::new() };
    module.visit(&mut collector);
    collector.found
}

/// The module with these values, which were listed from one of its type.
///
/// Each parameter keeps its device and whether it takes gradients.
///
/// # Errors
/// If a parameter is missing or has another shape; the module is given up then.
pub fn with_values<M: Module>(module: M, values: &[Named]) -> Result<M, MismatchError> {
    struct Setter<'a> {
        path: Path,
        values: &'a [Named],
        next: usize,
        failure: Option<MismatchError>,
    }
    impl Setter<'_> {
        /// Values usually come in the module's own order; in a file they may not.
        fn find(&mut self, name: &str) -> Option<&Named> {
            let at = match self.values.get(self.next) {
                Some(named) if named.name == name => self.next,
                _ => self.values.iter().position(|named| named.name == name)?,
            };
            self.next = at + 1;
            self.values.get(at)
        }
    }
    impl ModuleMapper for Setter<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _: &str, container: &str) {
            self.path.exit(container);
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.joined();
            let wanted = param.val().dims();
            let data = match self.find(&name) {
                None => Err(MismatchError::Missing(name)),
                Some(named) if named.shape != wanted => {
                    Err(MismatchError::Shape { name, found: named.shape.clone(), wanted: wanted.to_vec() })
                }
                Some(named) => Ok(TensorData::new(named.values.clone(), wanted)),
            };
            match data {
                Err(error) => {
                    self.failure.get_or_insert(error);
                    param
                }
                Ok(data) => param.map(|old| {
                    let new = Tensor::from_data(data, &old.device());
                    if old.is_require_grad() { new.require_grad() } else { new }
                }),
            }
        }
    }
    let mut setter = Setter { path: Path::default(), values, next: 0, failure: None };
    let module = module.map(&mut setter);
    setter.failure.map_or(Ok(module), Err)
}

/// The target after one step of an exponential moving average: `target <- m target + (1 - m) online`.
///
/// # Panics
/// If the two modules have other parameters: they are of one type, so that is a mistake in the program.
#[must_use]
pub fn moved_towards<M: Module>(target: M, online: &[Named], momentum: f32) -> M {
    let mut values = list(&target);
    for (value, online) in values.iter_mut().zip(online) {
        average(&mut value.values, &online.values, momentum);
    }
    match with_values(target, &values) {
        Ok(target) => target,
        Err(error) => unreachable!("values that were just listed: {error}"),
    }
}

/// `target <- m target + (1 - m) online`, value by value.
pub fn average(target: &mut [f32], online: &[f32], momentum: f32) {
    for (target, online) in target.iter_mut().zip(online) {
        *target = momentum * *target + (1.0 - momentum) * online;
    }
}

/// The values of a tensor.
///
/// # Panics
/// If it is not of single precision, which every tensor here is.
#[must_use]
pub fn values_of<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    match tensor.into_data().try_into_vec::<f32>() {
        Ok(values) => values,
        Err(error) => unreachable!("tensors are of single precision: {error:?}"),
    }
}

/// BYOL's momentum at step `k` of `total`: from `base` to 1 along a cosine (Grill et al., 2020).
///
/// For runs whose length is known; a live run keeps its momentum.
#[must_use]
pub fn cosine_momentum(base: f64, k: f64, total: f64) -> f64 {
    1.0 - (1.0 - base) * ((std::f64::consts::PI * k / total).cos() + 1.0) / 2.0
}
