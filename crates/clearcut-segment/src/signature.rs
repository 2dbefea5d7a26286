//! Whether a network can be fed as a description says.

use crate::spec::{InputSize, ModelSpec};

impl ModelSpec {
    /// What keeps this description from feeding a network with `inputs`, each the list of its dimensions where they
    /// are known, and with so many `outputs`; nothing where it fits.
    pub fn signature_fault(&self, inputs: &[Vec<Option<i64>>], outputs: usize) -> Option<String> {
        let [declared] = inputs else {
            return Some(format!("it has {} inputs, where one picture was expected", inputs.len()));
        };
        if declared.len() != 4 {
            return Some(format!(
                "its input has {} dimensions, where 1 x 3 x height x width was expected",
                declared.len()
            ));
        }
        let side_px = match self.processing.input.size {
            InputSize::Square { side_px } | InputSize::Letterbox { side_px } => Some(i64::from(side_px)),
            InputSize::ShortSide { .. } => None,
        };
        let expected = [Some(1), Some(3), side_px, side_px];
        if declared.iter().zip(expected).any(|(declared, expected)| declared.is_some_and(|d| Some(d) != expected)) {
            let write = |dims: &[Option<i64>]| {
                dims.iter().map(|dim| dim.map_or("?".to_owned(), |d| d.to_string())).collect::<Vec<_>>().join(" x ")
            };
            return Some(format!(
                "its input is {}, and the family {} feeds {}; choose the family that fits it",
                write(declared),
                self.family,
                write(&expected),
            ));
        }
        let index = self.processing.output.index;
        (index >= outputs).then(|| {
            format!("it has {outputs} outputs, and the matte was expected in number {index}; choose another family")
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Catalogue;

    #[test]
    fn only_a_network_that_the_description_feeds_has_no_fault() {
        let fault = |family: &str, inputs: &[&[i64]], outputs| {
            let spec = Catalogue::builtin().family(family, "own").expect("a family");
            let known = |&dim: &i64| (dim >= 0).then_some(dim);
            let inputs: Vec<_> = inputs.iter().map(|dims| dims.iter().map(known).collect()).collect();
            spec.signature_fault(&inputs, outputs)
        };
        assert_eq!(fault("u2net", &[&[1, 3, 320, 320]], 7), None);
        assert_eq!(fault("u2net", &[&[-1, -1, -1, -1]], 1), None);
        assert_eq!(fault("modnet", &[&[1, 3, -1, -1]], 1), None);
        let faults = [
            (fault("u2net", &[], 1), "it has 0 inputs"),
            (fault("u2net", &[&[1, 3, 320]], 1), "its input has 3 dimensions"),
            (
                fault("u2net", &[&[-1, 3, 512, 512]], 1),
                "its input is ? x 3 x 512 x 512, and the family u2net feeds 1 x 3 x 320 x 320",
            ),
            // The size follows the picture: a network for one size cannot be fed.
            (fault("modnet", &[&[1, 3, 512, 512]], 1), "the family modnet feeds 1 x 3 x ? x ?"),
            (fault("u2net", &[&[1, 3, 320, 320]], 0), "the matte was expected in number 0"),
        ];
        for (fault, reason) in faults {
            assert!(fault.as_ref().is_some_and(|fault| fault.contains(reason)), "{fault:?} is not: {reason}");
        }
    }
}
