//! Optimized networks by input size.

use std::sync::{Arc, Mutex, PoisonError};

use tract_onnx::prelude::TypedRunnableModel;

use crate::onnx::Network;
use crate::spec::InputSize;

/// How many sizes are kept ready for a network whose input follows the picture's shape. Photos come in few shapes;
/// each kept size costs the memory of the weights once more.
const KEPT_SIZES: usize = 4;

/// A network, optimized for each input size it meets.
#[derive(Debug)]
pub(crate) enum Plans {
    /// The input size never changes.
    Fixed(Arc<TypedRunnableModel>),
    /// The input size follows the picture.
    BySize(Box<BySize>),
}

/// The plans of the sizes used last, the latest first.
#[derive(Debug)]
pub(crate) struct BySize {
    network: Network,
    latest: Mutex<Vec<SizedPlan>>,
}

#[derive(Debug)]
struct SizedPlan {
    /// Width and height of the input.
    size: (u32, u32),
    plan: Arc<TypedRunnableModel>,
}

impl Plans {
    pub(crate) fn new(network: Network, size: InputSize) -> Result<Self, String> {
        Ok(match size {
            InputSize::Square { side_px } | InputSize::Letterbox { side_px } => {
                Self::Fixed(network.plan(side_px, side_px)?)
            }
            InputSize::ShortSide { side_px, .. } => {
                // Most faults show at any size: better when the model is loaded than at the first picture.
                let plan = network.clone().plan(side_px, side_px)?;
                let latest = Mutex::new(vec![SizedPlan { size: (side_px, side_px), plan }]);
                Self::BySize(Box::new(BySize { network, latest }))
            }
        })
    }

    /// The plan for inputs of this size.
    pub(crate) fn get(&self, width_px: u32, height_px: u32) -> Result<Arc<TypedRunnableModel>, String> {
        match self {
            Self::Fixed(plan) => Ok(Arc::clone(plan)),
            Self::BySize(plans) => plans.get((width_px, height_px)),
        }
    }
}

impl BySize {
    fn get(&self, size: (u32, u32)) -> Result<Arc<TypedRunnableModel>, String> {
        // Optimizing under the lock keeps threads that meet a new size together from doing the same work. Poisoning
        // is harmless: the list is changed by single operations.
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match latest.iter().position(|known| known.size == size) {
            Some(at) => latest.remove(at),
            None => SizedPlan { size, plan: self.network.clone().plan(size.0, size.1)? },
        };
        let plan = Arc::clone(&found.plan);
        latest.insert(0, found);
        latest.truncate(KEPT_SIZES);
        Ok(plan)
    }
}
